/** A part of a JSON schema. */
export interface SchemaPart {
  readonly [keyword: string]: unknown;
}

/** What one keyword asks of a value; `part` is the schema that it stands in. */
type Demand = (asked: any, value: unknown, part: SchemaPart, root: SchemaPart) => boolean;

/** They ask nothing, or belong to another keyword. */
const SILENT = new Set(['$id', '$schema', 'default', 'definitions', 'description', 'discriminator']);

/* Only what the schema of a plan uses. */
const DEMANDS: { readonly [keyword: string]: Demand } = {
  $ref: (ref: string, value, _, root) => conformsTo(definitionOf(ref, root), value, root),
  type: (type: string, value) => isOfType(value, type),
  const: (constant, value) => value === constant,
  enum: (known: readonly unknown[], value) => known.includes(value),
  pattern: (pattern: string, value) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  minimum: (minimum: number, value) => typeof value !== 'number' || value >= minimum,
  minItems: (count: number, value) => !Array.isArray(value) || value.length >= count,
  items: (item: SchemaPart, value, _, root) => !Array.isArray(value) || value.every((each) => conformsTo(item, each, root)),
  required: (names: readonly string[], value) => !isObject(value) || names.every((name) => Object.hasOwn(value, name)),
  properties: (properties: SchemaPart, value, _, root) => !isObject(value) || Object.entries(properties).every(([name, property]) => (
    !Object.hasOwn(value, name) || conformsTo(property as SchemaPart, value[name], root)
  )),
  additionalProperties: (others: SchemaPart | false, value, { properties = {} }, root) => !isObject(value) || Object.keys(value).every((name) => (
    Object.hasOwn(properties as object, name) || (others && conformsTo(others, value[name], root))
  )),
  anyOf: (parts: readonly SchemaPart[], value, _, root) => parts.some((part) => conformsTo(part, value, root)),
  oneOf: (parts: readonly SchemaPart[], value, { discriminator }, root) => {
    const meant = discriminator ? parts.filter((part) => isTagged(part, value, discriminator as SchemaPart, root)) : parts;
    return meant.filter((part) => conformsTo(part, value, root)).length === 1;
  },
};

/**
 * Whether a document conforms to a schema: a quick answer for the many that do, so that the validator, which takes longer to be
 * compiled than all else that a short command does, is needed only to tell what is wrong. Where this does not know a keyword, it
 * says no. The document must not be nested deeply.
 */
export function conforms(schema: SchemaPart, document: unknown): boolean {
  return conformsTo(schema, document, schema);
}

function conformsTo(part: SchemaPart, value: unknown, root: SchemaPart): boolean {
  return Object.entries(part).every(([keyword, asked]) => (
    SILENT.has(keyword) || (Object.hasOwn(DEMANDS, keyword) && DEMANDS[keyword](asked, value, part, root))
  ));
}

/** Of alternatives told apart by a tag, only one can be the one. */
function isTagged(part: SchemaPart, value: unknown, { propertyName }: SchemaPart, root: SchemaPart): boolean {
  const { properties } = definitionOf(part.$ref as string, root) as { readonly properties: { readonly [name: string]: SchemaPart } };
  const tag = propertyName as string;
  return isObject(value) && Object.hasOwn(value, tag) && value[tag] === properties[tag].const;
}

function definitionOf(ref: string, { definitions }: SchemaPart): SchemaPart {
  return (definitions as { readonly [name: string]: SchemaPart })[decodeURIComponent(ref.replace('#/definitions/', ''))];
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'object': return isObject(value);
    case 'array': return Array.isArray(value);
    case 'null': return value === null;
    case 'number': return Number.isFinite(value);
    case 'boolean':
    case 'string': return typeof value === type;
    default: return false;
  }
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
