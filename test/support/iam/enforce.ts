import { demandsOf } from './demands';
import { allowing, type Demand } from './evaluator';
import type { Cloud } from '../cloud/cloud';

/** What was asked while a policy was in force. */
export interface Enforcement {
  /** Permissions that were used. */
  readonly used: Set<string>;
  /** What the policy does not allow, and was refused. */
  readonly refused: Demand[];
}

/** Lets an emulated account allow what a policy allows, and nothing else. */
export function enforce(cloud: Cloud, document: object): Enforcement {
  const enforcement: Enforcement = { used: new Set(), refused: [] };
  cloud.authority.allows = async (call) => {
    const demands = await demandsOf(cloud, call);
    const refused = demands.filter((demand) => allowing(document, demand).length === 0);
    for (const { action } of demands) { enforcement.used.add(action); }
    enforcement.refused.push(...refused);
    return refused.length === 0;
  };
  return enforcement;
}
