import type { Properties, ResourceContext, ResourceType } from '../cloudformation/resource-type';
import type { ResourceTypes } from '../cloudformation/resource-types';
import { ApiError } from '../protocol/api-error';
import { callLambda } from '../service-client';
import { smallZip } from '../small-zip';

/** What a template may hold of code, in bytes. It once were 4096 characters. */
const MOST_INLINE = 4 << 20;

const CONFIGURATION = ['Description', 'Environment', 'Handler', 'LoggingConfig', 'MemorySize', 'Role', 'Runtime', 'Timeout'] as const;

const lambdaFunction: ResourceType = {
  recreatedBy: ['FunctionName', 'PackageType'],
  takes: ['Code', 'FunctionName', 'PackageType', 'Architectures', 'Tags', ...CONFIGURATION],
  create: async (context, properties) => {
    const name = String(properties.FunctionName ?? context.newName({ most: 64 }));
    context.announce(name);
    await callLambda(context.caller, 'POST', '', { FunctionName: name, Code: codeOf(properties), ...configurationOf(properties) });
    return made(context, name);
  },
  update: async (context, properties, { physicalId, properties: before }) => {
    if (JSON.stringify(properties.Code) !== JSON.stringify(before.Code)) { await callLambda(context.caller, 'PUT', `/${physicalId}/code`, codeOf(properties)); }
    await callLambda(context.caller, 'PUT', `/${physicalId}/configuration`, configurationOf(properties));
    return made(context, physicalId);
  },
  delete: async ({ caller }, { physicalId }) => { await callLambda(caller, 'DELETE', `/${physicalId}`).catch(ignoreMissing); },
};

const permission: ResourceType = {
  recreatedBy: 'any',
  takes: ['Action', 'FunctionName', 'Principal', 'SourceAccount', 'SourceArn'],
  create: async (context, { FunctionName, ...properties }) => {
    const StatementId = context.newName({ most: 100 });
    await callLambda(context.caller, 'POST', `/${encodeURIComponent(FunctionName)}/policy`, { StatementId, ...properties });
    return { physicalId: StatementId, attributes: { Id: StatementId } };
  },
  delete: async ({ caller }, { physicalId, properties: { FunctionName } }) => {
    await callLambda(caller, 'DELETE', `/${encodeURIComponent(FunctionName)}/policy/${physicalId}`).catch(ignoreMissing);
  },
};

const eventInvokeConfig: ResourceType = {
  recreatedBy: ['FunctionName', 'Qualifier'],
  takes: ['FunctionName', 'Qualifier', 'MaximumRetryAttempts', 'MaximumEventAgeInSeconds'],
  create: async (context, properties) => {
    await putEventInvokeConfig(context, properties);
    return { physicalId: context.newName() };
  },
  update: async (context, properties, { physicalId }) => {
    await putEventInvokeConfig(context, properties);
    return { physicalId };
  },
};

/** Functions, and who may invoke them. */
export const LAMBDA_TYPES: ResourceTypes = {
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::Permission': permission,
  'AWS::Lambda::EventInvokeConfig': eventInvokeConfig,
};

function made({ region, account, partition }: ResourceContext, name: string) {
  return { physicalId: name, attributes: { Arn: `arn:${partition}:lambda:${region}:${account}:function:${name}` } };
}

/** Inline code is the file `index.js`. */
function codeOf({ Code }: Properties): object {
  if (Code.ZipFile === undefined) { return Code; }
  if (Buffer.byteLength(Code.ZipFile) > MOST_INLINE) { throw new ApiError('InvalidRequest', `ZipFile can have at most ${MOST_INLINE} bytes`); }
  return { ZipFile: smallZip({ 'index.js': Code.ZipFile }).toString('base64') };
}

function configurationOf(properties: Properties): object {
  return Object.fromEntries(CONFIGURATION.map((name) => [name, properties[name]]));
}

async function putEventInvokeConfig({ caller }: ResourceContext, { FunctionName, Qualifier: _qualifier, ...properties }: Properties): Promise<void> {
  await callLambda(caller, 'PUT', `/${encodeURIComponent(FunctionName)}/event-invoke-config`, properties);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof ApiError) || error.code !== 'ResourceNotFoundException') { throw error; }
}
