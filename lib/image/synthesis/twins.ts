import { Stack, Token } from 'aws-cdk-lib';
import type { Construct, IConstruct } from 'constructs';
import type { Fault } from '../../errors';

interface Twin {
  readonly path: string;
  readonly late: string;
}

/** The first image of each definition in each account and region of an app. */
const firsts = new WeakMap<IConstruct, Map<string, Twin>>();

/**
 * What is wrong where two images are the same but for what they read of stacks. The definition names the AMI, so both would be
 * one name for two AMIs, and whoever was built last would have it.
 * @param late what it reads of stacks, as text
 */
export function twinFaults(image: Construct, hash: string, late: string): Fault[] {
  const { root } = image.node;
  const known = firsts.get(root) ?? new Map<string, Twin>();
  firsts.set(root, known);
  const { account, region } = Stack.of(image);
  const key = [account, region].map((place) => (Token.isUnresolved(place) ? '' : place)).concat(hash).join('/');
  const first = known.get(key);
  if (!first) { known.set(key, { path: image.node.path, late }); }
  if (!first || first.path === image.node.path || first.late === late) { return []; }
  return [{
    code: 'same-definition',
    message: `It is the same image as ${first.path}, built with values of other stacks; one would take the place of the other`,
    hint: 'Make them differ in something that is known at synthesis, such as environment: { TENANT: \'a\' } of a provisioner.',
    path: image.node.path,
  }];
}
