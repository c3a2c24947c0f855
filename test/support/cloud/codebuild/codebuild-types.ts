import type { Properties, ResourceContext, ResourceType } from '../cloudformation/resource-type';
import type { ResourceTypes } from '../cloudformation/resource-types';
import { callJson } from '../service-client';

const project: ResourceType = {
  recreatedBy: ['Name'],
  takes: [
    'Artifacts', 'Cache', 'ConcurrentBuildLimit', 'Description', 'EncryptionKey', 'Environment', 'LogsConfig', 'Name', 'QueuedTimeoutInMinutes', 'ServiceRole', 'Source',
    'Tags', 'TimeoutInMinutes', 'Visibility', 'VpcConfig',
  ],
  create: async (context, properties) => {
    const name = String(properties.Name ?? context.newName({ most: 150 }));
    await callJson(context.caller, 'codebuild', 'CodeBuild_20161006.CreateProject', { ...inputOf(properties), name });
    return made(context, name);
  },
  update: async (context, properties, { physicalId }) => {
    await callJson(context.caller, 'codebuild', 'CodeBuild_20161006.UpdateProject', { ...inputOf(properties), name: physicalId });
    return made(context, physicalId);
  },
  delete: async ({ caller }, { physicalId }) => { await callJson(caller, 'codebuild', 'CodeBuild_20161006.DeleteProject', { name: physicalId }); },
};

export const CODEBUILD_TYPES: ResourceTypes = { 'AWS::CodeBuild::Project': project };

function made({ region, account, partition }: ResourceContext, name: string) {
  return { physicalId: name, attributes: { Arn: `arn:${partition}:codebuild:${region}:${account}:project/${name}` } };
}

/** The API has the names of a template with a small first letter, but for one. */
function inputOf(properties: Properties): object {
  const { Tags: _tags, ...rest } = properties;
  return inSmall(rest) as object;
}

function inSmall(value: unknown): unknown {
  if (Array.isArray(value)) { return value.map(inSmall); }
  if (typeof value !== 'object' || value === null) { return value; }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name === 'BuildSpec' ? 'buildspec' : name[0].toLowerCase() + name.slice(1), inSmall(inner)]));
}
