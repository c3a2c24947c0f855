import { compare, counted, renderClosest, type Candidate, type Comparison } from './closest-match';
import { attributesOf, CHECK_ATTRIBUTES, describeCheck, type Check, type CheckType } from '../plan/checks';
import type { Plan } from '../plan/model';

/** Stands for any resource, as in `Template.hasOutput`. */
export const ANY_RESOURCE = '*';

/** The checks of the finished machine that match, in the order they run. */
export function findChecks(plan: Plan, type: string, resource: string, pattern: unknown): readonly Check[] {
  return compareChecks(select(plan, type, resource), pattern).checks;
}

/** What is wrong, where no check of the finished machine matches. */
export function checkFault(plan: Plan, type: string, resource: string, pattern: unknown): string | undefined {
  const selected = select(plan, type, resource);
  const { checks, failures } = compareChecks(selected, pattern);
  if (checks.length > 0) { return undefined; }
  const what = `has ${counted(selected.length, 'check')} of ${resource === ANY_RESOURCE ? `type ${type}` : `${type} ${resource}`}`;
  return selected.length === 0 ? `${what}${absenceHint(plan, type)}` : `${what}, but none matches${renderClosest(failures)}`;
}

function select(plan: Plan, type: string, resource: string): readonly Check[] {
  return plan.definition.checks.filter((check) => check.type === type && (resource === ANY_RESOURCE || check.resource === resource));
}

/** The pattern is about the attributes, as that of `Template.hasResourceProperties` is about the properties. */
function compareChecks(checks: readonly Check[], pattern: unknown): { readonly checks: readonly Check[] } & Pick<Comparison, 'failures'> {
  const owners = new Map<Candidate, Check>(checks.map((check) => [
    { label: `${describeCheck(check)} (${check.origin})`, value: check.attributes },
    check,
  ]));
  const { matching, failures } = compare([...owners.keys()], pattern);
  return { checks: matching.map((candidate) => owners.get(candidate)!), failures };
}

function absenceHint(plan: Plan, type: string): string {
  const types = Object.keys(CHECK_ATTRIBUTES);
  if (!types.includes(type)) { return `: there is no such type, there are ${types.join(', ')}`; }
  const others = plan.definition.checks.filter((check) => check.type === type);
  return others.length === 0
    ? `; a check of this type knows ${attributesOf(type as CheckType).join(', ')}`
    : `, only of ${others.map((check) => check.resource).join(', ')}`;
}
