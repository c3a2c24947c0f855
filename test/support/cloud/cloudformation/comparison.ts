import type { Properties, ResourceType } from './resource-type';

/** Names of the properties that differ. */
export function changedProperties(before: Properties, after: Properties): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !isSame(before[name], after[name]));
}

/** Whether two values are the same: numbers and truths are texts in templates, and the order of names says nothing. */
export function isSame(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) { return left.length === right.length && left.every((one, index) => isSame(one, right[index])); }
  if (isObject(left) && isObject(right)) {
    const names = Object.keys(left);
    return names.length === Object.keys(right).length && names.every((name) => Object.hasOwn(right, name) && isSame(left[name], right[name]));
  }
  return left === right || (isScalar(left) && isScalar(right) && String(left) === String(right));
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** Whether a change of one property makes a new resource. */
export function recreation(type: ResourceType, property: string): 'Always' | 'Conditionally' | 'Never' {
  if (!type.update || type.recreatedBy === 'any' || type.recreatedBy.includes(property)) { return 'Always'; }
  return type.perhapsRecreatedBy?.includes(property) ? 'Conditionally' : 'Never';
}

export function isRecreated(type: ResourceType, before: Properties, after: Properties): boolean {
  const kinds = changedProperties(before, after).map((name) => recreation(type, name));
  return kinds.includes('Always') || (kinds.includes('Conditionally') && (type.recreates?.(before, after) ?? false));
}
