import { GoldenError } from '../errors';
import { fingerprintSalt } from './fingerprints';
import { digestOf } from '../plan/canonical-json';
import { buildKeys, secretFingerprint, type BuildKeys, type ResolvedInputs } from '../plan/keys';
import type { Plan } from '../plan/model';
import type { ValueReference } from '../plan/values';
import type { Host, HostContext, ResolvedSource } from '../ports/host';
import type { ValueSource } from '../ports/values';

/** What a plan was to be resolved against, and the keys that come of it. */
export interface Inputs {
  readonly source: ResolvedSource;
  readonly keys: BuildKeys;
  /** Values, by name. */
  readonly parameters: { readonly [name: string]: string };
  /** Values, by name: nothing that is written down or shown may hold one. */
  readonly secrets: { readonly [name: string]: string };
  readonly resolved: ResolvedInputs;
}

export interface InputsRequest {
  readonly plan: Plan;
  readonly host: Host;
  readonly values: ValueSource;
  readonly stateFolder: string;
  readonly parentKey?: string;
  readonly newerSource?: boolean;
}

/** Reads what is known only when an image is built. */
export async function readInputs({ plan, host, values, stateFolder, parentKey, newerSource }: InputsRequest, context: HostContext): Promise<Inputs> {
  const { definition } = plan;
  const [source, parameters, secrets] = await Promise.all([
    host.resolve(plan, context, { parentKey, newerSource }),
    readAll(definition.parameters, values),
    readAll(definition.secrets, values),
  ]);
  for (const [name, { type }] of Object.entries(definition.parameters)) {
    if (type === 'string' || Number.isFinite(Number(parameters[name]))) { continue; }
    throw new GoldenError('invalid-parameter', `The parameter ${name} has to be a number`, { kind: 'invalid', path: plan.image });
  }
  const versions = new Map(Object.entries(definition.secrets).map(([name, { from }]) => [name, values.version?.(name, from)]));
  // Known on this computer only: what depends on it is built anew on another one.
  const salt = [...versions.values()].includes(undefined) ? await fingerprintSalt(stateFolder) : '';
  const resolved: ResolvedInputs = {
    source: source.id,
    parameters,
    secrets: Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, fingerprintOf(value, versions.get(name), salt)])),
  };
  return { source, keys: buildKeys(definition, resolved), parameters, secrets, resolved };
}

function fingerprintOf(secret: string, version: string | undefined, salt: string): string {
  return version === undefined ? secretFingerprint(secret, salt) : digestOf({ version });
}

async function readAll(
  specs: { readonly [name: string]: { readonly from: ValueReference } }, values: ValueSource,
): Promise<{ readonly [name: string]: string }> {
  return Object.fromEntries(await Promise.all(Object.entries(specs).map(async ([name, { from }]) => [name, await values.read(name, from)] as const)));
}
