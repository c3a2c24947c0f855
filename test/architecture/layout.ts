import { readdirSync, readFileSync } from 'fs';
import { basename, join } from 'path';
import ts from 'typescript';
import { rooms } from './rooms';
import { roomPattern } from './rules';

const MAX_LINES = 300;

/** Names that say nothing about what is in a file, and so attract everything. */
const NAMELESS = /^(utils?|commons?|helpers?|misc|shared|lib)(\.ts)?$/;

/** What is wrong with the files of `lib/`, beyond who imports whom. One line each, sorted. */
export function layoutFaults(root: string): string[] {
  return sources(root).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const lines = text.split('\n').length - 1;
    return [
      ...(rooms.some((room) => new RegExp(roomPattern(room)).test(file)) ? [] : [`${file} is in no room`]),
      ...(basename(file) === 'index.ts' && file !== 'lib/index.ts' ? [`${file} is a barrel`] : []),
      ...(file.split('/').slice(1).some((part) => NAMELESS.test(part)) ? [`${file} has a name that says nothing`] : []),
      ...(lines > MAX_LINES ? [`${file} has ${lines} lines`] : []),
      ...(file.startsWith('lib/ports/') ? runtimeCode(file, text) : []),
    ];
  });
}

/** TypeScript sources of `lib/`, compiled files left out. */
export function sources(root: string): string[] {
  return readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .map((path) => `lib/${path}`)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .sort();
}

/** Statements that leave something behind when the types are gone. */
function runtimeCode(file: string, text: string): string[] {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest).statements
    .filter((statement) => !ts.isInterfaceDeclaration(statement) && !ts.isTypeAliasDeclaration(statement) && !ts.isImportDeclaration(statement))
    .map((statement) => `${file} is of ports and holds a ${ts.SyntaxKind[statement.kind]}`);
}
