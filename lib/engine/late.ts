import type { Plan } from '../plan/model';
import type { LateValue } from '../plan/values';
import type { ValueSource } from '../ports/values';

/** Reads something of the account: what is known at synthesis as it is, the rest from where it is kept. */
export function lateReader(values: ValueSource): (late: LateValue) => Promise<string> {
  return async (late) => (late.type === 'literal' ? late.value : values.read(nameOf(late), late));
}

/** Names of what a plan reads of the account beside its parameters and secrets. */
export function lateNames({ builder, delivery }: Plan): string[] {
  const { vpc, subnets = [], securityGroups = [] } = builder.network;
  const keys = [delivery.encryption.key, ...delivery.regions.map(({ encryptionKey }) => encryptionKey)];
  return [vpc, ...subnets, ...securityGroups, builder.instanceProfile, ...keys].flatMap((value) => (value && value.type !== 'literal' ? [nameOf(value)] : []));
}

/** As parameters and secrets of a plan are named, so that the same options of the command line stand for it. */
function nameOf(late: Exclude<LateValue, { readonly type: 'literal' }>): string {
  switch (late.type) {
    case 'ssm': return `ssm:${late.name}`;
    case 'environment': return `env:${late.name}`;
    case 'secretsManager': return `secretsmanager:${late.id}${late.key === undefined ? '' : `#${late.key}`}`;
    case 'stackOutput': return `stack:${late.stack}.${late.output}`;
  }
}
