import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Images of each stack by name. A name tells people which image they look at, so it may be there once. */
const names = new WeakMap<Stack, Map<string, string>>();

/** The name an image has unless it is given one. */
export function defaultImageName(image: IConstruct): string {
  const name = image.node.path.replace(/[^A-Za-z0-9._-]+/g, '-');
  // Long paths differ at the end, and the address tells those apart that do not.
  return name.length <= 96 ? name : `${name.slice(-87)}-${image.node.addr.slice(-8)}`;
}

/** The path of another image in the stack that has this name already, if any. */
export function takeImageName(image: IConstruct, name: string): string | undefined {
  const stack = Stack.of(image);
  const taken = names.get(stack) ?? new Map<string, string>();
  names.set(stack, taken);
  const owner = taken.get(name);
  if (owner === undefined) { taken.set(name, image.node.path); }
  return owner;
}
