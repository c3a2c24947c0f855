import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { GoldenError } from '../../errors';
import { run } from '../../process';
import type { AccountOptions, Surroundings } from '../surroundings';
import { AppOutput } from './app-output';
import { appPlace } from './app-place';
import { readConfiguration, type Configuration } from './configuration';

export interface SynthesisOptions extends AccountOptions {
  /** A command for a shell, or the folder of an assembly. @default from cdk.json */
  readonly app?: string;
  /** @default from cdk.json, else cdk.out */
  readonly assemblyOutput?: string;
  /** Who builds in an account waits until it is known which one that is. */
  readonly host?: string;
}

/** Linux takes no longer string in an environment. */
const LONGEST_VARIABLE = 100 * 1024;

/** Runs the app, as the CDK's own command does, and returns the folder of its assembly; a folder as app is one already. */
export async function synthesise(options: SynthesisOptions, surroundings: Surroundings): Promise<string> {
  const configuration = readConfiguration(surroundings.folder);
  const app = options.app ?? configuration.app;
  if (app === undefined || app.trim() === '') {
    throw new GoldenError('no-app', 'There is no app to synthesise', {
      kind: 'usage',
      hint: 'Pass --app, such as --app "npx tsx app.ts", or the folder of an assembly; or name it in cdk.json: { "app": "npx tsx app.ts" }',
    });
  }
  const folder = resolve(surroundings.folder, app);
  if (isFolder(folder)) { return folder; }
  const output = resolve(surroundings.folder, options.assemblyOutput ?? configuration.output ?? 'cdk.out');
  const { environment } = surroundings;
  demandWritable(output);
  await runApp(app, output, configuration, { ...surroundings, environment: { ...await appPlace(options, surroundings), ...environment } });
  return output;
}

async function runApp(app: string, folder: string, { context }: Configuration, surroundings: Surroundings): Promise<void> {
  const { variables, remove } = contextVariables(context);
  // What the app prints is for people, even where our own output is for programs.
  const show = (text: string) => { if (text !== '') { surroundings.stderr.write(text); } };
  const output = new AppOutput();
  try {
    const { exitCode } = await run(['/bin/sh', '-c', app], {
      cwd: surroundings.folder,
      env: { ...surroundings.environment, CDK_OUTDIR: folder, ...variables },
      signal: surroundings.signal,
      onStdout: (data) => show(data.toString()),
      onStderr: (data) => show(output.add(data.toString())),
    });
    const { faults, text } = output.end();
    show(text);
    if (exitCode !== 0 && faults !== undefined) {
      throw new GoldenError('invalid-app', `The app has faults:\n${faults}`, { kind: 'invalid' });
    }
    if (exitCode !== 0) {
      throw new GoldenError('app-failed', `The app ended with exit code ${exitCode}: ${app}`, {
        kind: 'invalid',
        hint: exitCode === 127 ? 'The shell found no such command.' : 'What it printed says why.',
      });
    }
  } finally {
    remove();
  }
}

/** Before the app, which would tell of it by a stack trace. Errors: `unwritable-folder`. */
function demandWritable(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new GoldenError('unwritable-folder', `The assembly cannot be written to ${folder}: ${(error as Error).message}`, {
      hint: 'Name a folder that can be written to with --assembly-output; or build from an assembly that is there: --app FOLDER.', cause: error,
    });
  }
}

/** A context that fits into no variable goes through a file, which aws-cdk-lib knows to read. */
function contextVariables(context: Configuration['context']): { readonly variables: NodeJS.ProcessEnv; readonly remove: () => void } {
  const text = JSON.stringify(context);
  if (Buffer.byteLength(text) <= LONGEST_VARIABLE) { return { variables: { CDK_CONTEXT_JSON: text }, remove: () => { /* there is no file */ } }; }
  const folder = mkdtempSync(join(tmpdir(), 'golden-context-'));
  const file = join(folder, 'context.json');
  writeFileSync(file, text);
  return {
    variables: { CDK_CONTEXT_JSON: '{}', CONTEXT_OVERFLOW_LOCATION_ENV: file },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
