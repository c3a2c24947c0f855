import type { ResourceType } from './resource-type';
import { CLOUDFORMATION_TYPES } from './types/cloudformation';

/** What a file of types holds: by name, such as `AWS::SSM::Parameter`. */
export type ResourceTypes = { readonly [name: string]: ResourceType };

/** Every type of resource that a template may name. Services add theirs here. */
const TYPES: ReadonlyMap<string, ResourceType> = new Map(Object.entries<ResourceType>({
  ...CLOUDFORMATION_TYPES,
}));

/** A type by its name; `Custom::Anything` is the custom resource. */
export function resourceTypeOf(name: string): ResourceType | undefined {
  return TYPES.get(name) ?? (name.startsWith('Custom::') ? TYPES.get('AWS::CloudFormation::CustomResource') : undefined);
}
