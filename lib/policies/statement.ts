import { MANAGED_TAG } from './managed-tag';
import type { Plan } from '../plan/model';

/** One statement of an IAM policy. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: { readonly [operator: string]: { readonly [key: string]: string | readonly string[] } };
}

/** What policies are for. */
export interface PolicyScope {
  readonly plans: readonly Plan[];
  /** Regions that images are built in. */
  readonly homes: readonly string[];
  readonly homeOf: (plan: Plan) => string;
  /** Those, and the regions that images are copied to. */
  readonly regions: readonly string[];
  readonly account: string;
  readonly partition: string;
  /** Where records and locks of builds are. The prefix is empty or ends with a slash. */
  readonly state?: { readonly bucket: string; readonly prefix: string };
  /** Bucket of the user for what is too big for a command. */
  readonly stagingBucket?: string;
}

/** On a request: what it makes gets our tag. */
export const TAGGED_BY_REQUEST: NonNullable<Statement['Condition']> = { StringEquals: { [`aws:RequestTag/${MANAGED_TAG}`]: 'true' } };

/** On a resource: it has our tag. */
export const TAGGED: NonNullable<Statement['Condition']> = { StringEquals: { [`aws:ResourceTag/${MANAGED_TAG}`]: 'true' } };

export function policyDocument(statements: readonly Statement[]): object {
  return { Version: '2012-10-17', Statement: statements };
}

/** ARNs of all things of these types in regions. Images and snapshots are of no account there. */
export function ec2Arns({ partition, account }: PolicyScope, regions: readonly string[], ...types: readonly string[]): readonly string[] {
  return regions.flatMap((region) => types.map((type) => (
    `arn:${partition}:ec2:${region}:${type === 'image' || type === 'snapshot' ? '' : account}:${type}/*`
  )));
}

/** Whether a plan's machines are reached through Systems Manager. */
export function isManaged({ builder }: Plan): boolean {
  return builder.communicator.type === 'ssm' || builder.communicator.via === 'session-manager';
}
