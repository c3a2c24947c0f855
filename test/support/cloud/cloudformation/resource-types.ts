import type { ResourceType } from './resource-type';
import { CLOUDFORMATION_TYPES } from './types/cloudformation';
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
  ...EVENTS_TYPES,
  ...LAMBDA_TYPES,
}));

/** A type by its name; `Custom::Anything` is the custom resource. */
export function resourceTypeOf(name: string): ResourceType | undefined {
  return TYPES.get(name) ?? (name.startsWith('Custom::') ? TYPES.get('AWS::CloudFormation::CustomResource') : undefined);
}
