import type { Position } from '../errors';
import { damagedFile } from '../plan/json-syntax';
import type { JournalRecord } from '../ports/journal';

/** What the fields of an object are; `?` marks those that may be missing. A `hash` may be a part of a path. */
export interface Shape {
  readonly [field: string]: Kind | `${Kind}?`;
}

type Kind = 'string' | 'number' | 'boolean' | 'object' | 'array' | 'hash' | 'record type';

const TYPES: readonly unknown[] = ['started', 'intent', 'done', 'undone', 'event', 'finished'] satisfies readonly JournalRecord['type'][];

/** Every record of a journal. */
export const RECORD: Shape = { sequence: 'number', time: 'string', type: 'record type', act: 'string?', detail: 'object?' };

/** What a journal begins with. */
export const STARTED: Shape = {
  image: 'string',
  definitionHash: 'string',
  deliveryHash: 'string',
  buildKey: 'hash',
  host: 'string',
  source: 'string',
  planFile: 'string',
  bootTest: 'boolean',
  useCache: 'boolean',
  parentKey: 'string?',
  newerSource: 'boolean?',
  asked: 'object?',
};

/** What is recorded of an image before it is captured. */
export const PROVISIONED_SHAPE: Shape = {
  machine: 'string', communicator: 'string', startedAt: 'string', phases: 'array', instructions: 'array', checks: 'object', cleaned: 'array',
};

/**
 * Throws `damaged-file` where a value is not of this shape. Fields beyond it are nobody's business here.
 * @param place asked where the value is, where it has to be said
 */
export async function demandShape(shape: Shape, value: unknown, place: () => Promise<Position>): Promise<void> {
  const fault = shapeFault(shape, value);
  if (fault) { throw damagedFile(fault, await place()); }
}

function shapeFault(shape: Shape, value: unknown): string | undefined {
  if (!isKind(value, 'object')) { return 'its record has no details'; }
  for (const [field, asked] of Object.entries(shape)) {
    const kind = asked.replace('?', '') as Kind;
    const found = (value as { readonly [field: string]: unknown })[field];
    if (found === undefined ? asked.endsWith('?') : isKind(found, kind)) { continue; }
    return `/${field} is ${found === undefined ? 'missing' : `no ${kind}`}`;
  }
  return undefined;
}

function isKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'hash': return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
    case 'record type': return TYPES.includes(value);
    case 'array': return Array.isArray(value);
    case 'object': return typeof value === 'object' && value !== null && !Array.isArray(value);
    default: return typeof value === kind;
  }
}
