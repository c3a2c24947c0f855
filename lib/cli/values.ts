import { readFileSync } from 'fs';
import { resolve } from 'path';
import { lateNames } from '../engine/late';
import { GoldenError } from '../errors';
import type { Surroundings } from './surroundings';
import type { Plan } from '../plan/model';
import type { ValueReference } from '../plan/values';
import type { ValueSource } from '../ports/values';

/** Where values come from instead of where the plan says, by name in the plan. */
export interface ValueOverrides {
  readonly parameters: ReadonlyMap<string, Override>;
  readonly secrets: ReadonlyMap<string, Override>;
}

export type Override =
  | { readonly from: 'text'; readonly text: string }
  | { readonly from: 'environment'; readonly variable: string }
  | { readonly from: 'file'; readonly path: string };

/** Reads `--parameter NAME=VALUE` and `--secret NAME=env:VARIABLE|file:PATH`. A secret itself never stands on a command line. */
export function parseOverrides(parameters: readonly string[] = [], secrets: readonly string[] = []): ValueOverrides {
  return {
    parameters: new Map(parameters.map((option) => {
      const [, name, text] = /^([^=]+)=(.*)$/s.exec(option) ?? [];
      if (name === undefined) { throw invalidOption('--parameter', option, '--parameter NAME=VALUE'); }
      return [name, { from: 'text', text }];
    })),
    secrets: new Map(secrets.map((option) => {
      const [, name, from, place] = /^([^=]+)=(env|file):(.+)$/s.exec(option) ?? [];
      // What stands after the name may be a secret that somebody wrote there, so it is not repeated.
      if (name === undefined) { throw invalidOption('--secret', option.split('=')[0], '--secret NAME=env:VARIABLE or --secret NAME=file:PATH'); }
      return [name, from === 'env' ? { from: 'environment', variable: place } : { from: 'file', path: place }];
    })),
  };
}

/** Refuses overrides of names that no plan has: a misspelt one would silently change nothing. */
export function checkOverrides(overrides: ValueOverrides, plans: readonly Plan[]): void {
  for (const kind of ['parameters', 'secrets'] as const) {
    const known = new Set(plans.flatMap((plan) => [...Object.keys(plan.definition[kind]), ...kind === 'parameters' ? lateNames(plan) : []]));
    const unknown = [...overrides[kind].keys()].find((name) => !known.has(name));
    if (unknown === undefined) { continue; }
    throw new GoldenError('unknown-value', `No selected image has a ${kind.slice(0, -1)} ${unknown}`, {
      kind: 'usage', hint: known.size > 0 ? `There are: ${[...known].sort().join(', ')}` : `They have no ${kind} at all.`,
    });
  }
}

/**
 * Reads values from the environment of this process, or from where the command line says.
 * @param account reads what is in a cloud account; absent: none is reached
 */
export function valueSource(overrides: ValueOverrides, { environment, folder }: Surroundings, account?: ValueSource): ValueSource {
  const variable = (name: string, key: string) => {
    const value = environment[key];
    if (value !== undefined) { return value; }
    throw new GoldenError('missing-value', `${name} is read from the environment variable ${key}, which is not set`, {
      hint: `Set ${key}. ${elsewhere(name)}`,
    });
  };
  const overridden = (name: string, override: Override): string => {
    switch (override.from) {
      case 'text': return override.text;
      case 'environment': return variable(name, override.variable);
      case 'file': return readValue(name, resolve(folder, override.path));
    }
  };
  return {
    version: (name, from) => (overrides.secrets.has(name) ? undefined : account?.version?.(name, from)),
    read: async (name: string, from: ValueReference) => {
      const override = overrides.secrets.get(name) ?? overrides.parameters.get(name);
      if (override) { return overridden(name, override); }
      if (from.type === 'environment') { return variable(name, from.name); }
      if (account) { return account.read(name, from); }
      throw new GoldenError('no-account', `${name} is read from ${placeOf(from)}, and this host reaches no cloud account`, {
        hint: elsewhere(name),
      });
    },
  };
}

function placeOf(from: Exclude<ValueReference, { readonly type: 'environment' }>): string {
  switch (from.type) {
    case 'ssm': return `the SSM parameter ${from.name}`;
    case 'secretsManager': return `the secret ${from.id} of Secrets Manager`;
    case 'stackOutput': return `the output ${from.output} of the stack ${from.stack}`;
    case 'namedByOutput': return `what ${placeOf(from.id)} names`;
  }
}

/** How to give a value in another place than the plan's. */
function elsewhere(name: string): string {
  return `Give a secret with --secret ${name}=env:VARIABLE or file:PATH, a parameter with --parameter ${name}=VALUE.`;
}

/** Editors end a file with a newline, which is no part of the value. */
function readValue(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new GoldenError('missing-value', `${name} cannot be read from ${path}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}

function invalidOption(option: string, given: string, usage: string): GoldenError {
  return new GoldenError('invalid-option', `${option} ${given} is not understood`, { kind: 'usage', hint: `Write ${usage}` });
}
