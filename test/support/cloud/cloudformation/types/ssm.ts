import { askJson, unless } from './ask';
import type { Properties, ResourceContext, ResourceType } from '../resource-type';
import type { ResourceTypes } from '../resource-types';

const parameter: ResourceType = {
  takes: ['AllowedPattern', 'DataType', 'Description', 'Name', 'Policies', 'Tags', 'Tier', 'Type', 'Value'],
  recreatedBy: ['Name'],
  create: async (context, properties) => {
    const { Name = context.newName({ most: 200 }) } = properties;
    const tags = Object.entries({ ...context.tags, ...properties.Tags }).map(([Key, Value]) => ({ Key, Value: String(Value) }));
    await put(context, properties, { Name, ...tags.length > 0 ? { Tags: tags } : {} });
    return made(Name, properties);
  },
  update: async (context, properties, { physicalId }) => {
    await put(context, properties, { Name: physicalId, Overwrite: true });
    return made(physicalId, properties);
  },
  delete: (context, { physicalId }) => unless(['ParameterNotFound'], askJson(context, 'ssm', 'AmazonSSM.DeleteParameter', { Name: physicalId })),
};

function put(context: ResourceContext, properties: Properties, more: object): Promise<unknown> {
  const { AllowedPattern, DataType, Description, Policies, Tier, Type, Value } = properties;
  return askJson(context, 'ssm', 'AmazonSSM.PutParameter', { AllowedPattern, DataType, Description, Policies, Tier, Type, Value: String(Value), ...more });
}

function made(physicalId: string, { Type, Value }: Properties) {
  return { physicalId, attributes: { Type, Value: String(Value) } };
}

export const SSM_TYPES: ResourceTypes = { 'AWS::SSM::Parameter': parameter };
