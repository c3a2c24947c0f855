import { readFileSync } from 'fs';
import { join } from 'path';
import { GoldenError } from '../../errors';
import { syntaxFault } from '../../plan/json-syntax';

/** What `cdk.json` and `cdk.context.json` say, as far as it concerns us. */
export interface Configuration {
  readonly app?: string;
  readonly output?: string;
  readonly profile?: string;
  readonly context: { readonly [key: string]: unknown };
}

/** Reads the configuration of the CDK in a folder, and that of the user where a home folder is named; all files may be missing. */
export function readConfiguration(folder: string, home?: string): Configuration {
  const ofUser = home === undefined ? {} : readObject(join(home, '.cdk.json'));
  const settings: { readonly [key: string]: unknown } = { ...ofUser, ...readObject(join(folder, 'cdk.json')) };
  const remembered = readObject(join(folder, 'cdk.context.json'));
  const context = (settings.context ?? {}) as Configuration['context'];
  return { app: textOf(settings, 'app'), output: textOf(settings, 'output'), profile: textOf(settings, 'profile'), context: { ...remembered, ...context } };
}

function readObject(file: string): { readonly [key: string]: unknown } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') { return {}; }
    throw new GoldenError('unreadable-file', `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const { message, hint, position } = syntaxFault(text, file);
    throw new GoldenError('invalid-json', message, { kind: 'invalid', hint, position, cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GoldenError('invalid-json', 'A JSON object is needed', { kind: 'invalid', position: { file } });
  }
  return value as { readonly [key: string]: unknown };
}

function textOf(settings: { readonly [key: string]: unknown }, key: string): string | undefined {
  return typeof settings[key] === 'string' ? settings[key] : undefined;
}
