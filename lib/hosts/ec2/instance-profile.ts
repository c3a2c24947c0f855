import {
  AddRoleToInstanceProfileCommand, CreateInstanceProfileCommand, CreateRoleCommand, GetInstanceProfileCommand, PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { awsCode } from './aws-errors';
import type { Caller } from './aws-request';
import { TAGS } from './tags';
import { BUILDER_POLICY, BUILDER_PROFILE } from '../../policies/builder-role';

export interface BuilderProfile {
  readonly name: string;
  /** It was made just now: not all of AWS knows it yet. */
  readonly fresh: boolean;
}

/** The managed profile; makes what there is not of it. Two who do so at once come to the same. */
export async function builderProfile(iam: Caller, servicePrincipal: string): Promise<BuilderProfile> {
  const names = { RoleName: BUILDER_PROFILE, InstanceProfileName: BUILDER_PROFILE };
  const Tags = [{ Key: TAGS.managed, Value: 'true' }];
  const known = await unless('NoSuchEntity', iam.send(new GetInstanceProfileCommand(names)));
  if (known?.InstanceProfile?.Roles?.length) { return { name: BUILDER_PROFILE, fresh: false }; }

  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: servicePrincipal }, Action: 'sts:AssumeRole' }] };
  const made = 'EntityAlreadyExists';
  await unless(made, iam.send(new CreateRoleCommand({
    ...names, AssumeRolePolicyDocument: JSON.stringify(trust), Description: 'Machines that build images', Tags,
  })));
  await iam.send(new PutRolePolicyCommand({ ...names, PolicyName: BUILDER_PROFILE, PolicyDocument: JSON.stringify(BUILDER_POLICY) }), { notYet: ['NoSuchEntity'] });
  await unless(made, iam.send(new CreateInstanceProfileCommand({ ...names, Tags })));
  // One role is all that a profile takes: whoever was first has added it.
  await unless('LimitExceeded', iam.send(new AddRoleToInstanceProfileCommand(names), { notYet: ['NoSuchEntity'] }));
  return { name: BUILDER_PROFILE, fresh: true };
}

/** Undefined where AWS answers with this code. */
async function unless<T>(code: string, answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    // The SDK appends `Exception` to some of IAM's codes.
    if ((awsCode(error) ?? '').startsWith(code)) { return undefined; }
    throw error;
  }
}
