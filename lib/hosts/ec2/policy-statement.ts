import { TAGS } from './tags';
import type { Plan } from '../../plan/model';
import type { PolicyPlaces } from '../../ports/host';

/** One statement of an IAM policy. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: { readonly [operator: string]: { readonly [key: string]: string | readonly string[] } };
}

/** What policies are for. */
export interface PolicyScope extends PolicyPlaces {
  readonly plans: readonly Plan[];
  /** Regions that images are built in. */
  readonly homes: readonly string[];
  readonly homeOf: (plan: Plan) => string;
  /** Those, and the regions that images are copied to. */
  readonly regions: readonly string[];
  readonly account: string;
  readonly partition: string;
}

/** On a request: what it makes gets our tag. */
export const TAGGED_BY_REQUEST: NonNullable<Statement['Condition']> = { StringEquals: { [`aws:RequestTag/${TAGS.managed}`]: 'true' } };

/** On a resource: it has our tag. */
export const TAGGED: NonNullable<Statement['Condition']> = { StringEquals: { [`aws:ResourceTag/${TAGS.managed}`]: 'true' } };

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
