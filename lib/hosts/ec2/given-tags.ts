import { createHash } from 'crypto';
import type { Tag } from '@aws-sdk/client-ec2';

interface Tags {
  readonly [key: string]: string;
}

/** So many, with a space behind each, fit into the value of one tag for all tags that an image may have. */
const DIGEST_LENGTH = 6;

/** What says of tags which a plan gave, by key and value: the others are somebody else's. */
export function givenTags(tags: Tags): string {
  return Object.entries(tags).map(([key, value]) => digest(key, value)).sort().join(' ');
}

/** Those that an earlier plan gave, that this one does not, and that nobody has changed since. */
export function formerTags(actual: readonly Tag[] = [], given: string | undefined, wanted: Tags): readonly Tag[] {
  const before = new Set((given ?? '').split(' '));
  return actual.filter(({ Key = '', Value = '' }) => !Object.hasOwn(wanted, Key) && before.has(digest(Key, Value)));
}

function digest(key: string, value: string): string {
  return createHash('sha256').update(JSON.stringify([key, value])).digest('base64url').slice(0, DIGEST_LENGTH);
}
