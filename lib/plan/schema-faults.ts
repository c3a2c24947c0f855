import type { ErrorObject, ValidateFunction } from 'ajv';
import { escapePointer, unescapePointer, withAncestors } from './json-pointer';
import { MAX_FAULTS, type PlanFault } from './plan-fault';
import * as schema from './plan.schema.json';
import { conforms } from './schema-conformance';

/* Loaded where there is something wrong. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const ajv = () => require('ajv') as typeof import('ajv');

/**
 * A document that holds more values than this is reported by its first fault alone: ajv copies all errors at each one
 * that it adds, so that time and memory grow with the square of their number. 20,000 broken instructions took 12 s.
 */
const MAX_VALUES_WITH_ALL_FAULTS = 10_000;

/** What a pattern of the schema asks for, in words. */
const PATTERNS: { readonly [pattern: string]: string } = {
  '^0[0-7]{3,4}$': 'A mode is an octal number with a leading zero, such as 0644.',
  '^[0-9a-f]{64}$': 'A digest is 64 hexadecimal digits in lower case.',
  '^ami-[0-9a-f]{8,17}$': 'An AMI ID is ami- and 8 to 17 hexadecimal digits.',
};

const compiled = new Map<boolean, ValidateFunction>();

/** What the JSON schema of a plan finds wrong with a document that holds this many values: not much more than `MAX_FAULTS`. */
export function schemaFaults(document: unknown, values: number): PlanFault[] {
  if (conforms(schema, document)) { return []; }
  const validate = validator(values <= MAX_VALUES_WITH_ALL_FAULTS);
  if (validate(document)) { return []; }
  const faults = new Map<string, PlanFault>();
  for (const error of telling(validate.errors ?? [])) {
    const { at, ...said } = describe(error);
    const pointer = at === undefined ? error.instancePath : `${error.instancePath}/${escapePointer(at)}`;
    const message = `${pointer || 'the document'} ${said.message}`;
    faults.set(message, { ...said, message, pointer, path: pathOf(document, pointer) });
    if (faults.size > MAX_FAULTS) { break; }
  }
  return [...faults.values()];
}

/** Compiled once for each process. */
function validator(allErrors: boolean): ValidateFunction {
  const existing = compiled.get(allErrors);
  if (existing) { return existing; }
  const made = new (ajv().Ajv)({
    allErrors,
    verbose: true,
    discriminator: true,
    strict: false,
    validateFormats: false,
    ownProperties: true,
    // Both take longer than all that is validated afterwards, and the schema is our own.
    code: { optimize: false },
    validateSchema: false,
  }).compile(schema);
  compiled.set(allErrors, made);
  return made;
}

/** The errors worth reading: where none of several alternatives fits, those of the one that was meant, if that can be told. */
function telling(errors: readonly ErrorObject[]): ErrorObject[] {
  const choices = new Map<string, ErrorObject[]>(errors.filter(isChoice).map((error) => [error.instancePath, []]));
  const all = errors.filter((error) => {
    if (isChoice(error)) { return true; }
    // That a tag is missing is told by `required`, too.
    if (error.keyword === 'discriminator' && error.params.tagValue === undefined) { return false; }
    const choice = withAncestors(error.instancePath).find((pointer) => choices.has(pointer));
    if (choice !== undefined) { choices.get(choice)!.push(error); }
    return choice === undefined;
  });
  return all.flatMap((error) => (isChoice(error) ? meant(error, choices.get(error.instancePath)!) ?? [error] : [error]));
}

function isChoice(error: ErrorObject): boolean {
  return error.keyword === 'anyOf';
}

/** The errors of the alternative whose fields the value has; undefined where it has those of none. */
function meant(choice: ErrorObject, errors: readonly ErrorObject[]): ErrorObject[] | undefined {
  const fitting = (choice.schema as readonly { readonly $ref: string }[])
    .map(({ $ref }) => errors.filter((error) => error.schemaPath.startsWith(`${$ref}/`)))
    .filter((own) => own.every((error) => error.instancePath !== choice.instancePath));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** What an error says after the name of the field; `at` is the member of the value that it is about. */
function describe(error: ErrorObject): Pick<PlanFault, 'code' | 'message' | 'hint'> & { readonly at?: string } {
  const { params } = error;
  switch (error.keyword) {
    case 'additionalProperties': {
      const known = Object.keys((error.parentSchema?.properties ?? {}) as object);
      return { code: 'unknown-field', message: 'is an unknown field', hint: `Known here: ${known.join(', ')}.`, at: params.additionalProperty };
    }
    case 'required':
      return { code: 'missing-field', message: 'is missing', at: params.missingProperty };
    case 'discriminator':
      return params.error === 'mapping'
        ? { code: 'unknown-type', message: `is not a known type: ${quoted(params.tagValue)}`, hint: `Known: ${tags(error).join(', ')}.`, at: params.tag }
        : { code: 'invalid-field', message: 'has to be a string', hint: `Known: ${tags(error).join(', ')}.`, at: params.tag };
    case 'anyOf':
      return { code: 'invalid-field', message: `has to be ${alternativesOf(error).join(' or ')}` };
    case 'type':
      return { code: 'invalid-field', message: `has to be ${article(params.type)}, not ${quoted(error.data)}` };
    case 'const':
      return { code: 'invalid-field', message: `has to be ${quoted(params.allowedValue)}, not ${quoted(error.data)}` };
    case 'enum':
      return { code: 'invalid-field', message: `is not a known value: ${quoted(error.data)}`, hint: `Known: ${params.allowedValues.join(', ')}.` };
    case 'pattern':
      return { code: 'invalid-field', message: `does not have the right form: ${quoted(error.data)}`, hint: PATTERNS[params.pattern] };
    default:
      return { code: 'invalid-field', message: error.message ?? 'is not valid' };
  }
}

/** The values of the field that tells alternatives apart. */
function tags(error: ErrorObject): string[] {
  const { oneOf } = error.parentSchema as { readonly oneOf: readonly { readonly $ref: string }[] };
  return oneOf.map(({ $ref }) => definition($ref).properties.type.const!);
}

function alternativesOf(error: ErrorObject): string[] {
  return (error.schema as readonly { readonly $ref: string }[]).map(({ $ref }) => `{ ${definition($ref).required.join(', ')} }`);
}

interface ObjectSchema {
  readonly properties: { readonly type: { readonly const?: string } };
  readonly required: readonly string[];
}

function definition(ref: string): ObjectSchema {
  return (schema.definitions as unknown as { readonly [name: string]: ObjectSchema })[ref.replace('#/definitions/', '')];
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** A value in a message: a text in quotes and not too long, anything large by its kind. */
function quoted(value: unknown): string {
  if (Array.isArray(value)) { return 'an array'; }
  if (typeof value === 'object' && value !== null) { return 'an object'; }
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

/** Path of the construct that a value came from, as far as the document says it. */
function pathOf(document: unknown, pointer: string): string | undefined {
  const image = textOf(document, 'image');
  if (image === undefined) { return undefined; }
  let origin: string | undefined;
  let value: unknown = document;
  for (const name of pointer.split('/').slice(1).map(unescapePointer)) {
    value = typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as { [key: string]: unknown })[name] : undefined;
    origin = textOf(value, 'origin') ?? origin;
  }
  return origin ? `${image}/${origin}` : image;
}

function textOf(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) { return undefined; }
  const text = (value as { [key: string]: unknown })[name];
  return typeof text === 'string' ? text : undefined;
}
