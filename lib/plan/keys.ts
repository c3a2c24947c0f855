import { createHmac } from 'crypto';
import { digestOf } from './canonical-json';
import type { Check } from './checks';
import type { DeliverySpec } from './delivery';
import type { Instruction } from './instructions';
import type { Definition, LocalSource, SourceSpec } from './model';
import type { ValueReference } from './values';

/** What the image is. Construct paths and the stacks that values come from are left out, so that a rename rebuilds nothing. */
export function definitionHash(definition: Definition): string {
  return digestOf({
    ...definition,
    source: sourceIdentity(definition.source),
    instructions: definition.instructions.map(instructionIdentity),
    checks: definition.checks.map(checkIdentity),
    parameters: withoutStacks(definition.parameters),
    secrets: withoutStacks(definition.secrets),
  });
}

/** Where the image goes. The parameter is named by the definitionHash, so it says nothing of its own. */
export function deliveryHash(delivery: DeliverySpec): string {
  const { parameterName, ...identity } = delivery;
  return digestOf(identity);
}

/** What only an engine knows, when it builds. */
export interface ResolvedInputs {
  /** Digest or ID that the source resolved to. */
  readonly source: string;
  /** Values of the parameters, by name. */
  readonly parameters: { readonly [name: string]: string };
  /** Fingerprints of the secrets, by name: see `secretFingerprint`. */
  readonly secrets: { readonly [name: string]: string };
}

/** The keys of one build: one layer before the first instruction, then one after each, and the image itself. */
export interface BuildKeys {
  /** `layers[i]` names the disk after the first `i` instructions; `layers[0]` is the source itself. */
  readonly layers: readonly string[];
  readonly build: string;
}

/** Chains the keys: each layer's key says everything that has happened to the disk until then. */
export function buildKeys(definition: Definition, inputs: ResolvedInputs): BuildKeys {
  const layers = [digestOf({ epoch: definition.epoch, source: inputs.source, machine: definition.machine })];
  for (const instruction of definition.instructions) {
    const previous = layers[layers.length - 1];
    layers.push(digestOf({ previous, instruction: instructionIdentity(instruction), late: lateValues(instruction, inputs) }));
  }
  const build = digestOf({ disk: layers[layers.length - 1], definition: definitionHash(definition), source: inputs.source });
  return { layers, build };
}

/** Stands for a secret in keys: says whether it changed, never what it is. */
export function secretFingerprint(secret: string, salt: string): string {
  return createHmac('sha256', salt).update(secret).digest('hex');
}

function lateValues(instruction: Instruction, inputs: ResolvedInputs): object {
  if (instruction.type !== 'run') { return {}; }
  return {
    parameters: pick(Object.values(instruction.parameters), inputs.parameters),
    secrets: pick(Object.values(instruction.secrets), inputs.secrets),
  };
}

function pick(names: readonly string[], from: { readonly [name: string]: string }): { readonly [name: string]: string } {
  return Object.fromEntries(names.map((name) => [name, from[name]]));
}

function withoutStacks(specs: { readonly [name: string]: { readonly from: ValueReference } }): object {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, { ...spec, from: referenceIdentity(spec.from) }]));
}

/** Names of stacks and of their outputs come of construct paths. */
function referenceIdentity(from: ValueReference): object {
  switch (from.type) {
    case 'stackOutput': return { type: from.type };
    case 'namedByOutput': return { ...from, id: referenceIdentity(from.id) };
    default: return from;
  }
}

function instructionIdentity(instruction: Instruction): object {
  const { origin, ...identity } = instruction;
  return identity.type === 'check' ? { ...identity, checks: identity.checks.map(checkIdentity) } : identity;
}

function checkIdentity(check: Check): object {
  const { origin, ...identity } = check;
  return identity;
}

/** How to log in, and what stands for the source in local builds, do not change what the image is. */
function sourceIdentity(source: SourceSpec): object {
  const { user, ssmAgent, local, ...identity } = source;
  switch (identity.type) {
    case 'image': return { type: 'image', definitionHash: identity.definitionHash };
    case 'local': return { type: 'local', local: localIdentity(local!) };
    default: return identity;
  }
}

/** A tar is what its digest says, wherever it lies. */
function localIdentity(local: LocalSource): object {
  return local.type === 'rootTar' ? { type: local.type, sha256: local.sha256 } : local;
}
