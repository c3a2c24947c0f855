import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import ts from 'typescript';
import { EXAMPLE_IMPORTS } from './prelude';

/** A piece of TypeScript in a document. */
export interface Snippet {
  /** Path of the document, relative to the repository. */
  readonly file: string;
  /** Line of the document that its first line is, counted from 1. */
  readonly line: number;
  readonly code: string;
}

/** The blocks of a Markdown text that are fenced as `ts`. */
export function markdownSnippets(file: string, text: string): Snippet[] {
  const snippets: Snippet[] = [];
  let open: { readonly line: number; readonly code: string[] } | undefined;
  for (const [i, line] of text.split('\n').entries()) {
    if (open && line.trimEnd() === '```') {
      snippets.push({ file, line: open.line, code: open.code.join('\n') });
      open = undefined;
    } else if (open) {
      open.code.push(line);
    } else if (/^```(ts|typescript)\b/.test(line)) {
      open = { line: i + 2, code: [] };
    }
  }
  if (open) { throw new Error(`${file}:${open.line - 1}: this block is not closed`); }
  return snippets;
}

/** The examples in the doc comments of all sources below a folder. */
export function exampleSnippets(root: string, folder: string): Snippet[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).sort();
  return files.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts')).flatMap((path) => {
    const file = `${folder}/${path}`;
    return commentExamples(file, readFileSync(join(root, file), 'utf8'));
  });
}

/** All that the compiler says against snippets, as `file:line: message`; one program for all of them. */
export function snippetFaults(root: string, snippets: readonly Snippet[]): string[] {
  const virtual = new Map(snippets.map((snippet, i) => [join(root, 'test', 'docs', `snippet-${i}.ts`), snippet]));
  const options: ts.CompilerOptions = {
    ...ts.parseJsonConfigFileContent(ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config, ts.sys, root).options,
    rootDir: undefined,
    noEmit: true,
    // A snippet need not use all it shows.
    noUnusedLocals: false,
    noUnusedParameters: false,
    baseUrl: root,
    paths: {
      'cdk-golden-image': ['lib/index.ts'],
      'cdk-golden-image/assertions': ['lib/assertions/image-plan.ts'],
      'cdk-golden-image/testing': ['lib/testing/test-machine.ts'],
    },
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => virtual.has(file) || fileExists(file);
  host.readFile = (file) => textOf(virtual.get(file)) ?? readFile(file);
  host.getSourceFile = (file, version, ...rest) => {
    const text = textOf(virtual.get(file));
    return text === undefined ? getSourceFile(file, version, ...rest) : ts.createSourceFile(file, text, version, true);
  };
  const program = ts.createProgram([join(root, 'test', 'docs', 'prelude.ts'), ...virtual.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    const snippet = diagnostic.file && virtual.get(diagnostic.file.fileName);
    if (!snippet) { return `${diagnostic.file?.fileName ?? 'the program'}: ${message}`; }
    const { line } = ts.getLineAndCharacterOfPosition(diagnostic.file!, diagnostic.start!);
    return `${snippet.file}:${snippet.line + line}: ${message}`;
  });
}

/** A snippet is a module, whether it imports anything or not. */
function textOf(snippet: Snippet | undefined): string | undefined {
  return snippet && `${snippet.code}\nexport {};\n`;
}

function commentExamples(file: string, text: string): Snippet[] {
  const lines = text.split('\n');
  return lines.flatMap((first, i) => {
    if (!/^\s*\* @example\b/.test(first)) { return []; }
    const rest = lines.slice(i + 1);
    const end = rest.findIndex((line) => /^\s*\*(\/| @)/.test(line));
    const code = rest.slice(0, end).map((line) => line.replace(/^\s*\* ?/, ''));
    // On the line of the tag, so that line numbers stay right.
    return [{ file, line: i + 1, code: [EXAMPLE_IMPORTS, ...code].join('\n') }];
  });
}
