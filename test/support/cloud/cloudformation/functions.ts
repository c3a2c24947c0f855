import { invalid, type Json } from './template';

/** Stands in change sets for what is known only when the change was made. */
export const KNOWN_AFTER_APPLY = '{{changeSet:KNOWN_AFTER_APPLY}}';

/** `AWS::NoValue`: the property is left out. */
export const NO_VALUE = Symbol('AWS::NoValue');

/** What functions ask about the rest of the template. */
export interface Scope {
  /** Of a parameter, a pseudo parameter or a resource. Undefined: there is none of that name. */
  ref(name: string): unknown;
  attribute(logicalId: string, name: string): unknown;
  condition(name: string): boolean;
  mapped(map: string, first: string, second: string): unknown;
  importValue(name: string): unknown;
  zones(region: string): readonly string[];
}

type Fn = (argument: Json, scope: Scope) => unknown;

/** Resolves all functions in a value; what is `AWS::NoValue` is left out. */
export function evaluate(value: Json, scope: Scope): any {
  if (Array.isArray(value)) { return value.map((one) => evaluate(one as Json, scope)).filter((one) => one !== NO_VALUE); }
  if (typeof value !== 'object' || value === null) { return value; }
  const entries = Object.entries(value as { readonly [name: string]: Json });
  if (entries.length === 1 && (entries[0][0] === 'Ref' || entries[0][0] === 'Condition' || entries[0][0].startsWith('Fn::'))) {
    const [[name, argument]] = entries;
    // A policy's statement has a key of the same name, with an object.
    if (name !== 'Condition' || typeof argument === 'string') {
      const fn = FUNCTIONS.get(name);
      if (!fn) { throw invalid(`Template error: ${name} is not a supported function`); }
      return fn(argument, scope);
    }
  }
  return Object.fromEntries(entries.map(([name, one]) => [name, evaluate(one, scope)]).filter(([, one]) => one !== NO_VALUE));
}

function list(name: string, argument: unknown, lengths: readonly [least: number, most: number]): readonly any[] {
  if (isUnknown(argument)) { return []; }
  if (!Array.isArray(argument) || argument.length < lengths[0] || argument.length > lengths[1]) {
    throw invalid(`Template error: every ${name} object requires ${lengths[0] === lengths[1] ? `${lengths[0]}` : `${lengths[0]} to ${lengths[1]}`} parameters.`);
  }
  return argument;
}

function isUnknown(value: unknown): boolean {
  return typeof value === 'string' && value.includes(KNOWN_AFTER_APPLY);
}

/** A function of what its arguments come to; unknown where one of them is. */
function ofValues(name: string, lengths: readonly [number, number], compute: (...values: any[]) => unknown): readonly [string, Fn] {
  return [name, (argument, scope) => {
    const values = list(name, evaluate(argument, scope), lengths);
    return values.some(isUnknown) ? KNOWN_AFTER_APPLY : compute(...values);
  }];
}

const FUNCTIONS: ReadonlyMap<string, Fn> = new Map<string, Fn>([
  ['Ref', (argument, scope) => reference(String(argument), scope)],
  ['Condition', (argument, scope) => scope.condition(String(argument))],
  ['Fn::GetAtt', (argument, scope) => {
    const [id, ...rest] = typeof argument === 'string' ? argument.split('.') : list('Fn::GetAtt', argument, [2, 2]);
    return scope.attribute(String(id), String(evaluate(rest.length === 1 ? rest[0] : rest.join('.'), scope)));
  }],
  ['Fn::Sub', (argument, scope) => {
    const [text, own] = Array.isArray(argument) ? list('Fn::Sub', argument, [1, 2]) : [argument];
    const values = (own ?? {}) as { readonly [name: string]: Json };
    return String(text).replace(/\$\{(!?)([^}]*)\}/g, (_whole, literal: string, name: string) => {
      if (literal) { return `\${${name}}`; }
      const key = name.trim();
      if (Object.hasOwn(values, key)) { return String(evaluate(values[key], scope)); }
      const dot = key.indexOf('.');
      return String(dot < 0 ? reference(key, scope) : scope.attribute(key.slice(0, dot), key.slice(dot + 1)));
    });
  }],
  ['Fn::Join', (argument, scope) => {
    const [delimiter, values] = list('Fn::Join', argument, [2, 2]);
    const parts = evaluate(values, scope) as unknown;
    return isUnknown(parts) ? KNOWN_AFTER_APPLY : list('Fn::Join', parts, [0, Infinity]).map(String).join(String(delimiter));
  }],
  ['Fn::If', (argument, scope) => {
    const [condition, yes, no] = list('Fn::If', argument, [3, 3]);
    return evaluate(scope.condition(String(condition)) ? yes : no, scope);
  }],
  ['Fn::GetAZs', (argument, scope) => {
    const region = evaluate(argument, scope);
    return scope.zones(String(region || reference('AWS::Region', scope)));
  }],
  ['Fn::ImportValue', (argument, scope) => scope.importValue(String(evaluate(argument, scope)))],
  ['Fn::Base64', (argument, scope) => {
    const text = evaluate(argument, scope);
    return isUnknown(text) ? KNOWN_AFTER_APPLY : Buffer.from(String(text)).toString('base64');
  }],
  ['Fn::Length', (argument, scope) => {
    const values = evaluate(argument, scope);
    return isUnknown(values) ? KNOWN_AFTER_APPLY : values.length;
  }],
  ['Fn::ToJsonString', (argument, scope) => JSON.stringify(evaluate(argument, scope))],
  ['Fn::FindInMap', (argument, scope) => {
    const [map, first, second, fallback] = list('Fn::FindInMap', evaluate(argument, scope), [3, 4]);
    const found = scope.mapped(String(map), String(first), String(second)) ?? fallback?.DefaultValue;
    if (found === undefined) { throw invalid(`Template error: Unable to get mapping for ${map}::${first}::${second}`); }
    return found;
  }],
  ['Fn::Equals', (argument, scope) => {
    const [left, right] = list('Fn::Equals', evaluate(argument, scope), [2, 2]);
    return comparable(left) === comparable(right);
  }],
  ['Fn::And', (argument, scope) => list('Fn::And', argument, [2, 10]).every((one) => evaluate(one, scope) === true)],
  ['Fn::Or', (argument, scope) => list('Fn::Or', argument, [2, 10]).some((one) => evaluate(one, scope) === true)],
  ['Fn::Not', (argument, scope) => evaluate(list('Fn::Not', argument, [1, 1])[0], scope) !== true],
  ofValues('Fn::Split', [2, 2], (delimiter: string, text: unknown) => String(text).split(delimiter)),
  ofValues('Fn::Select', [2, 2], (index: unknown, values: readonly unknown[]) => {
    const picked = values[Number(index)];
    if (picked === undefined && !values.some(isUnknown)) { throw invalid('Template error: Fn::Select cannot select nonexistent value at index ' + String(index)); }
    return picked ?? KNOWN_AFTER_APPLY;
  }),
  ofValues('Fn::Cidr', [2, 3], (block: string, count: unknown, bits: unknown = 8) => subnets(block, Number(count), Number(bits))),
]);

/** Numbers and truths are texts in templates. */
function comparable(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function reference(name: string, scope: Scope): unknown {
  if (name === 'AWS::NoValue') { return NO_VALUE; }
  const value = scope.ref(name);
  if (value === undefined) { throw invalid(`Template format error: Unresolved resource dependencies [${name}] in the Resources block of the template`); }
  return value;
}

function subnets(block: string, count: number, bits: number): readonly string[] {
  const [address, prefix] = block.split('/');
  const base = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  if (2 ** (32 - Number(prefix)) < count * 2 ** bits) { throw invalid(`Template error: Fn::Cidr cannot split ${block} into ${count} blocks`); }
  return Array.from({ length: count }, (_, index) => {
    const start = base + index * 2 ** bits;
    return `${[24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join('.')}/${32 - bits}`;
  });
}
