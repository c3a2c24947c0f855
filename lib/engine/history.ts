import { mkdir, readFile, rename, rm, writeFile } from 'fs/promises';
import { dirname, join } from 'path';
import { stateDraft } from './state-draft';
import { digestOf } from '../plan/canonical-json';
import type { Instruction } from '../plan/instructions';
import type { BuildKeys, ResolvedInputs } from '../plan/keys';
import type { Plan } from '../plan/model';

/** What is remembered of the last build of an image path, to tell what changed since. No value of a parameter or secret. */
export interface History {
  readonly version: 1;
  readonly image: string;
  readonly buildKey: string;
  readonly status: 'built' | 'failed';
  readonly layers: readonly string[];
  readonly source: string;
  /** Digest of each instruction by itself. */
  readonly instructions: readonly string[];
  readonly machine: string;
  readonly checks: string;
  /** Digests or fingerprints, by name. */
  readonly parameters: { readonly [name: string]: string };
  readonly secrets: { readonly [name: string]: string };
}

/** What a build is remembered by. */
export function historyOf(plan: Plan, keys: BuildKeys, resolved: ResolvedInputs, status: History['status']): History {
  const { definition } = plan;
  return {
    version: 1,
    image: plan.image,
    buildKey: keys.build,
    status,
    layers: keys.layers,
    source: resolved.source,
    instructions: definition.instructions.map(instructionDigest),
    machine: digestOf(definition.machine),
    checks: digestOf(definition.checks.map(({ origin, ...identity }) => identity)),
    parameters: Object.fromEntries(Object.entries(resolved.parameters).map(([name, value]) => [name, digestOf(value)])),
    secrets: resolved.secrets,
  };
}

/** The last build of this image path. Undefined: none is known, or what is known is not readable. */
export async function readHistory(stateFolder: string, image: string): Promise<History | undefined> {
  try {
    const history = JSON.parse(await readFile(historyFile(stateFolder, image), 'utf8')) as History;
    return history.version === 1 && history.image === image && isWhole(history) ? history : undefined;
  } catch {
    // It only saves time; without it more is built, and nothing wrong.
    return undefined;
  }
}

function isWhole({ layers, instructions, parameters, secrets }: Partial<History>): boolean {
  return Array.isArray(layers) && Array.isArray(instructions) && [parameters, secrets].every((each) => typeof each === 'object' && each !== null);
}

/** Remembers a build, in one act. */
export async function writeHistory(stateFolder: string, history: History): Promise<void> {
  const path = historyFile(stateFolder, history.image);
  const draft = stateDraft(path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await writeFile(draft, JSON.stringify(history), { mode: 0o600 });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** What one instruction is, wherever it comes from. */
export function instructionDigest(instruction: Instruction): string {
  const { origin, ...identity } = instruction;
  return digestOf(identity.type === 'check' ? { ...identity, checks: identity.checks.map(({ origin: _, ...check }) => check) } : identity);
}

function historyFile(stateFolder: string, image: string): string {
  return join(stateFolder, 'history', `${digestOf(image).slice(0, 16)}.json`);
}
