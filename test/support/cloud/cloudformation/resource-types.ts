import type { ResourceType } from './resource-type';
import { CLOUDFORMATION_TYPES } from './types/cloudformation';
import { EC2_GROUP_TYPES } from './types/ec2-groups';
import { EC2_INSTANCE_TYPES } from './types/ec2-instance';
import { EC2_NETWORK_TYPES } from './types/ec2-network';
import { IAM_TYPES } from './types/iam';
import { MESSAGE_TYPES } from './types/messages';
import { NESTED_STACK_TYPES } from './types/nested-stack';
import { S3_TYPES } from './types/s3';
import { SCALING_TYPES } from './types/scaling';
import { SECURITY_TYPES } from './types/security';
import { SSM_TYPES } from './types/ssm';
import { CODEBUILD_TYPES } from '../codebuild/codebuild-types';
import { EVENTS_TYPES } from '../events/events-types';
import { CUSTOM_TYPES } from '../lambda/custom-resource';
import { LAMBDA_TYPES } from '../lambda/lambda-types';

/** What a file of types holds: by name, such as `AWS::SSM::Parameter`. */
export type ResourceTypes = { readonly [name: string]: ResourceType };

/** Every type of resource that a template may name. Services add theirs here. */
const TYPES: ReadonlyMap<string, ResourceType> = new Map(Object.entries<ResourceType>({
  ...CLOUDFORMATION_TYPES,
  ...CODEBUILD_TYPES,
  ...CUSTOM_TYPES,
  ...EC2_GROUP_TYPES,
  ...EC2_INSTANCE_TYPES,
  ...EC2_NETWORK_TYPES,
  ...EVENTS_TYPES,
  ...IAM_TYPES,
  ...LAMBDA_TYPES,
  ...MESSAGE_TYPES,
  ...NESTED_STACK_TYPES,
  ...S3_TYPES,
  ...SCALING_TYPES,
  ...SECURITY_TYPES,
  ...SSM_TYPES,
}));

/** A type by its name; `Custom::Anything` is the custom resource. */
export function resourceTypeOf(name: string): ResourceType | undefined {
  return TYPES.get(name) ?? (name.startsWith('Custom::') ? TYPES.get('AWS::CloudFormation::CustomResource') : undefined);
}
