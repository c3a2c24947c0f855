import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import type { Fault } from '../errors';
import { attributesOf, CHECK_ATTRIBUTES, describeCheck, MATCHERS, type Check, type CheckType, type Expectation } from './checks';
import { deliveryHash, definitionHash } from './keys';
import { PLAN_VERSION, type Definition, type Plan } from './model';
import * as schema from './plan.schema.json';

/** Finds where in the plan's text the value at a JSON pointer is. */
export type Locate = (pointer: string) => Pick<Fault, 'position'>;

const nowhere: Locate = () => ({});

/** All faults of a document that claims to be a plan. None: it is a `Plan`. */
export function planFaults(document: unknown, locate: Locate = nowhere): Fault[] {
  const version = (document as Partial<Plan> | null)?.version as unknown;
  if (typeof version === 'number' && version !== PLAN_VERSION) {
    const newer = version > PLAN_VERSION;
    return [{
      code: newer ? 'plan-of-a-newer-version' : 'plan-of-an-older-version',
      message: `The plan is of version ${version}; this engine reads version ${PLAN_VERSION}`,
      hint: newer ? 'Update cdk-golden-image where the engine runs.' : 'Synthesise it again with this version of cdk-golden-image.',
      ...locate('/version'),
    }];
  }
  const validate = validator();
  if (!validate(document)) { return schemaFaults(validate.errors ?? [], document, locate); }
  const plan = document as Plan;
  return [...definitionFaults(plan.definition, locate), ...hashFaults(plan, locate)];
}

/** Faults that a schema cannot see: references that lead nowhere, unknown attributes and matchers. */
export function definitionFaults(definition: Definition, locate: Locate = nowhere): Fault[] {
  const faults: Fault[] = [];
  definition.instructions.forEach((instruction, index) => {
    const pointer = `/definition/instructions/${index}`;
    if (instruction.type === 'check') {
      instruction.checks.forEach((check, i) => faults.push(...checkFaults(check, `${pointer}/checks/${i}`, locate)));
    }
    if (instruction.type !== 'run') { return; }
    for (const [kind, table] of [['parameters', definition.parameters], ['secrets', definition.secrets]] as const) {
      for (const [variable, name] of Object.entries(instruction[kind])) {
        if (name in table) { continue; }
        faults.push({
          code: `unknown-${kind.slice(0, -1)}`,
          message: `${variable} names the ${kind.slice(0, -1)} ${name}, which the definition does not have`,
          path: instruction.origin,
          ...locate(`${pointer}/${kind}/${escapePointer(variable)}`),
        });
      }
    }
  });
  definition.checks.forEach((check, i) => faults.push(...checkFaults(check, `/definition/checks/${i}`, locate)));
  return faults;
}

function checkFaults(check: Check, pointer: string, locate: Locate): Fault[] {
  const known = attributesOf(check.type);
  const at = (key: string) => ({ path: check.origin, ...locate(`${pointer}/attributes/${escapePointer(key)}`) });
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
    // The keys below gjson and have-key are the document's own.
    if (matcher === 'gjson') { return Object.values((argument ?? {}) as object).flatMap(unknownMatchers); }
    return unknownMatchers(argument);
  });
}

function hashFaults(plan: Plan, locate: Locate): Fault[] {
  const hashes = [
    ['definitionHash', definitionHash(plan.definition)],
    ['deliveryHash', deliveryHash(plan.delivery)],
  ] as const;
  return hashes.filter(([name, actual]) => plan[name] !== actual).map(([name]) => ({
    code: 'edited-plan',
    message: `${name} does not match the plan: it was changed after synthesis`,
    hint: 'Change the construct tree and synthesise again.',
    path: plan.image,
    ...locate(`/${name}`),
  }));
}

let compiled: ValidateFunction | undefined;

/** Compiled once for each process; it takes some 20 ms. */
function validator(): ValidateFunction {
  return compiled ??= new Ajv({ allErrors: true, discriminator: true, strict: false, validateFormats: false }).compile(schema);
}

function schemaFaults(errors: readonly ErrorObject[], document: unknown, locate: Locate): Fault[] {
  const image = typeof (document as Partial<Plan> | null)?.image === 'string' ? (document as Plan).image : undefined;
  const faults = new Map<string, Fault>();
  for (const error of errors) {
    // What an alternative says is reported by the alternative itself.
    if (error.keyword === 'anyOf' || error.keyword === 'oneOf' || error.keyword === 'if') { continue; }
    const unknown = error.keyword === 'additionalProperties' ? `/${escapePointer(error.params.additionalProperty)}` : '';
    const pointer = `${error.instancePath}${unknown}`;
    const message = unknown ? `unknown field ${pointer}` : `${error.instancePath || 'the document'} ${error.message}`;
    faults.set(message, { code: unknown ? 'unknown-field' : 'invalid-field', message, path: image, ...locate(pointer) });
  }
  return [...faults.values()];
}

function escapePointer(key: string): string {
  return key.replace(/~/g, '~0').replace(/\//g, '~1');
}

/** Types of checks, for messages. */
export const CHECK_TYPES = Object.keys(CHECK_ATTRIBUTES) as CheckType[];
