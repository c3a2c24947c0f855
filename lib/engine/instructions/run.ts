import { statSync } from 'fs';
import { join } from 'path';
import { holdWord, type MachineHandler, type PackOptions } from './machine-handler';
import { GoldenError } from '../../errors';
import type { RunInstruction } from '../../plan/instructions';
import { ENVIRONMENT_NAME } from '../../plan/names';
import { quote } from '../../plan/shell';
import type { BundleFile } from '../bundle/bundle';
import { textFile } from '../bundle/bundle-archive';
import { fileContent } from '../bundle/put-archive';

/** Runs a script. */
export const runHandler: MachineHandler<RunInstruction> = {
  place: 'machine',
  pack(instruction, options) {
    const { index, payload } = options;
    const { origin, secrets } = instruction;
    const environment = [
      ...assignments(origin, instruction.environment),
      ...assignments(origin, valuesOf(instruction.parameters, options.parameters)),
    ];
    const script = scriptFile(instruction, options);
    return {
      index,
      origin,
      call: [
        'run', String(index), holdWord(instruction.expectDisconnect ? 'never' : options.hold), instruction.user,
        instruction.workingDirectory ?? '', String(Math.ceil(instruction.timeoutSeconds)), String(instruction.attempts),
        String(Math.ceil(instruction.backoffSeconds)), instruction.validExitCodes.join(','),
        ...environment.map(([name, value]) => `${name}=${value}`),
        ...instruction.interpreter, `${payload}/${script.name}`, ...instruction.arguments,
      ],
      files: [script],
      secretsScript: Object.keys(secrets).length === 0 ? undefined
        : assignments(origin, valuesOf(secrets, options.secrets)).map(([name, value]) => `export ${name}=${quote(value)}\n`).join(''),
      expectDisconnect: instruction.expectDisconnect,
    };
  },
};

function scriptFile({ script, origin }: RunInstruction, { index, assetFolder }: PackOptions): BundleFile {
  const name = `${index}.script`;
  if ('text' in script) { return textFile(name, script.text); }
  const path = join(assetFolder, script.asset);
  const { size } = statSync(path);
  return { name, size, content: (allocate) => fileContent(path, size, { origin, allocate }) };
}

function valuesOf(names: { readonly [variable: string]: string }, values: { readonly [name: string]: string }): { [variable: string]: string } {
  return Object.fromEntries(Object.entries(names).map(([variable, name]) => [variable, values[name]]));
}

/** Names reach a shell unquoted, so none passes that is not a name. A NUL cannot be in an environment at all. */
function assignments(origin: string, values: { readonly [name: string]: string }): [string, string][] {
  const entries = Object.entries(values);
  const wrong = entries.find(([name, value]) => !ENVIRONMENT_NAME.test(name) || value.includes('\0'));
  if (!wrong) { return entries; }
  throw new GoldenError('invalid-environment', `${JSON.stringify(wrong[0])} cannot be an environment variable, or its value holds a NUL`, {
    kind: 'invalid', path: origin, hint: 'Give the variable another name, or the value in an encoded form.',
  });
}
