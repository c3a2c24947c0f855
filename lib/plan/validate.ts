import { attributesOf, describeCheck, MATCHERS, type Check, type Expectation } from './checks';
import { escapePointer } from './json-pointer';
import { deliveryHash, definitionHash } from './keys';
import { PLAN_VERSION, type Definition, type Plan } from './model';
import { MAX_FAULTS, type PlanFault } from './plan-fault';
import { schemaFaults } from './schema-faults';
import { measure } from './size';
import { textFaults } from './text-faults';

/** More deeply nested than any plan: what walks a plan may recurse down to here. */
const MAX_DEPTH = 100;

/** All faults of a document that claims to be a plan. None: it is a `Plan`. Never throws, whatever the JSON says. */
export function planFaults(document: unknown): PlanFault[] {
  const { depth, values } = measure(document, MAX_DEPTH);
  if (depth > MAX_DEPTH) {
    return [{ code: 'nested-too-deeply', message: `The document is nested more than ${MAX_DEPTH} levels deep`, hint: 'It is not a plan.', pointer: '' }];
  }
  const version = versionFault(document);
  const faults = version ? [version] : documentFaults(document, values);
  if (faults.length <= MAX_FAULTS) { return faults; }
  return [...faults.slice(0, MAX_FAULTS), { code: 'more-faults', message: 'There are more faults', pointer: '' }];
}

/**
 * Faults that a schema cannot see: references that lead nowhere, unknown attributes and matchers.
 * Their path is the origin, which begins below the image.
 */
export function definitionFaults(definition: Definition): PlanFault[] {
  const faults: PlanFault[] = [];
  definition.instructions.forEach((instruction, index) => {
    const pointer = `/definition/instructions/${index}`;
    if (instruction.type === 'check') {
      instruction.checks.forEach((check, i) => faults.push(...checkFaults(check, `${pointer}/checks/${i}`)));
    }
    if (instruction.type !== 'run') { return; }
    for (const [kind, table] of [['parameters', definition.parameters], ['secrets', definition.secrets]] as const) {
      const noun = kind.slice(0, -1);
      for (const [variable, name] of Object.entries(instruction[kind])) {
        if (Object.hasOwn(table, name)) { continue; }
        const names = Object.keys(table);
        faults.push({
          code: `unknown-${noun}`,
          message: `${variable} names the ${noun} ${name}, which the definition does not have`,
          hint: names.length > 0 ? `It has ${names.join(', ')}.` : `It has no ${kind}.`,
          path: instruction.origin,
          pointer: `${pointer}/${kind}/${escapePointer(variable)}`,
        });
      }
    }
  });
  definition.checks.forEach((check, i) => faults.push(...checkFaults(check, `/definition/checks/${i}`)));
  return faults;
}

function versionFault(document: unknown): PlanFault | undefined {
  const version = (document as Partial<Plan> | null)?.version as unknown;
  if (typeof version !== 'number' || version === PLAN_VERSION) { return undefined; }
  const newer = version > PLAN_VERSION;
  return {
    code: newer ? 'plan-of-a-newer-version' : 'plan-of-an-older-version',
    message: `The plan is of version ${version}; this engine reads version ${PLAN_VERSION}`,
    hint: newer ? 'Update cdk-golden-image where the engine runs.' : 'Synthesise it again with this version of cdk-golden-image.',
    pointer: '/version',
  };
}

function documentFaults(document: unknown, values: number): PlanFault[] {
  const faults = schemaFaults(document, values);
  if (faults.length > 0) { return faults; }
  const plan = document as Plan;
  const below = definitionFaults(plan.definition).map((fault) => ({ ...fault, path: fault.path ? `${plan.image}/${fault.path}` : plan.image }));
  return [...textFaults(plan), ...below, ...hashFaults(plan)];
}

function checkFaults(check: Check, pointer: string): PlanFault[] {
  const known = attributesOf(check.type);
  const at = (key: string) => ({ path: check.origin, pointer: `${pointer}/attributes/${escapePointer(key)}` });
  return Object.entries(check.attributes).flatMap(([attribute, expectation]) => {
    if (!known.includes(attribute)) {
      return [{
        code: 'unknown-attribute',
        message: `${describeCheck(check)}: there is no attribute ${attribute}`,
        hint: `A check of type ${check.type} knows ${known.join(', ')}.`,
        ...at(attribute),
      }];
    }
    return unknownMatchers(expectation).map((matcher) => ({
      code: 'unknown-matcher',
      message: `${describeCheck(check)}: ${attribute}: there is no matcher ${matcher}`,
      hint: `Matchers are ${MATCHERS.join(', ')}.`,
      ...at(attribute),
    }));
  });
}

function unknownMatchers(expectation: Expectation): string[] {
  if (expectation === null || typeof expectation !== 'object') { return []; }
  if (Array.isArray(expectation)) { return expectation.flatMap(unknownMatchers); }
  return Object.entries(expectation as { [matcher: string]: Expectation }).flatMap(([matcher, argument]) => {
    if (!(MATCHERS as readonly string[]).includes(matcher)) { return [matcher]; }
    // The keys below gjson are the document's own.
    if (matcher === 'gjson') { return Object.values((argument ?? {}) as object).flatMap(unknownMatchers); }
    return unknownMatchers(argument);
  });
}

function hashFaults(plan: Plan): PlanFault[] {
  const hashes = [
    ['definitionHash', definitionHash(plan.definition)],
    ['deliveryHash', deliveryHash(plan.delivery)],
  ] as const;
  return hashes.filter(([name, actual]) => plan[name] !== actual).map(([name]) => ({
    code: 'edited-plan',
    message: `${name} does not match the plan: it was changed after synthesis`,
    hint: 'Change the construct tree and synthesise again.',
    path: plan.image,
    pointer: `/${name}`,
  }));
}
