import { askJson, documentText, pick, tagsOf, unless } from './ask';
import type { Properties, ResourceContext, ResourceType } from '../resource-type';
import type { ResourceTypes } from '../resource-types';

const kms = (context: ResourceContext, action: string, input: object) => askJson(context, 'kms', `TrentService.${action}`, { ...input });
const secrets = (context: ResourceContext, action: string, input: object) => askJson(context, 'secretsmanager', `secretsmanager.${action}`, { ...input });

const key: ResourceType = {
  takes: ['Description', 'EnableKeyRotation', 'Enabled', 'KeyPolicy', 'KeySpec', 'KeyUsage', 'MultiRegion', 'PendingWindowInDays', 'Tags'],
  isTagged: true,
  recreatedBy: ['KeySpec', 'KeyUsage', 'MultiRegion'],
  create: async (context, properties) => {
    const { KeyPolicy, EnableKeyRotation } = properties;
    const Tags = tagsOf(context, properties.Tags).map(({ Key, Value }) => ({ TagKey: Key, TagValue: Value }));
    const { KeyMetadata: { KeyId, Arn } } = await kms(context, 'CreateKey', {
      ...pick(properties, 'Description', 'KeySpec', 'KeyUsage', 'MultiRegion'), Policy: KeyPolicy && documentText(KeyPolicy), ...Tags.length > 0 ? { Tags } : {},
    });
    context.announce(KeyId);
    if (EnableKeyRotation) { await kms(context, 'EnableKeyRotation', { KeyId }); }
    return { physicalId: KeyId, attributes: { Arn, KeyId } };
  },
  update: async (context, { KeyPolicy, EnableKeyRotation }, { physicalId: KeyId, attributes, properties: before }) => {
    if (KeyPolicy) { await kms(context, 'PutKeyPolicy', { KeyId, PolicyName: 'default', Policy: documentText(KeyPolicy) }); }
    if (EnableKeyRotation && !before.EnableKeyRotation) { await kms(context, 'EnableKeyRotation', { KeyId }); }
    return { physicalId: KeyId, attributes };
  },
  delete: (context, { physicalId: KeyId, properties: { PendingWindowInDays = 30 } }) => (
    unless(['NotFoundException', 'KMSInvalidStateException'], kms(context, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: Number(PendingWindowInDays) }))
  ),
};

const alias: ResourceType = {
  takes: ['AliasName', 'TargetKeyId'],
  recreatedBy: ['AliasName'],
  create: async (context, { AliasName, TargetKeyId }) => {
    await kms(context, 'CreateAlias', { AliasName, TargetKeyId });
    return { physicalId: AliasName };
  },
  update: async (context, { TargetKeyId }, { physicalId }) => {
    await kms(context, 'UpdateAlias', { AliasName: physicalId, TargetKeyId });
    return { physicalId };
  },
  delete: (context, { physicalId }) => unless(['NotFoundException'], kms(context, 'DeleteAlias', { AliasName: physicalId })),
};

const secret: ResourceType = {
  takes: ['Description', 'GenerateSecretString', 'KmsKeyId', 'Name', 'SecretString', 'Tags'],
  isTagged: true,
  recreatedBy: ['Name'],
  create: async (context, properties) => {
    const { Name = context.newName() } = properties;
    const Tags = tagsOf(context, properties.Tags);
    const { ARN } = await secrets(context, 'CreateSecret', {
      Name, ...pick(properties, 'Description', 'KmsKeyId'), SecretString: await valueOf(context, properties), ...Tags.length > 0 ? { Tags } : {},
    });
    return { physicalId: ARN, attributes: { Id: ARN } };
  },
  update: async (context, properties, { physicalId, attributes, properties: before }) => {
    const { SecretString } = properties;
    if (SecretString !== undefined && SecretString !== before.SecretString) { await secrets(context, 'PutSecretValue', { SecretId: physicalId, SecretString }); }
    return { physicalId, attributes };
  },
  delete: (context, { physicalId }) => (
    unless(['ResourceNotFoundException'], secrets(context, 'DeleteSecret', { SecretId: physicalId, ForceDeleteWithoutRecovery: true }))
  ),
};

/** What a secret begins with: as given, or made up. */
async function valueOf(context: ResourceContext, { SecretString, GenerateSecretString }: Properties): Promise<string | undefined> {
  if (!GenerateSecretString) { return SecretString; }
  const { SecretStringTemplate, GenerateStringKey, ...options } = GenerateSecretString as Properties;
  const { RandomPassword } = await secrets(context, 'GetRandomPassword', options);
  return GenerateStringKey === undefined ? RandomPassword : JSON.stringify({ ...JSON.parse(SecretStringTemplate ?? '{}'), [GenerateStringKey]: RandomPassword });
}

export const SECURITY_TYPES: ResourceTypes = { 'AWS::KMS::Key': key, 'AWS::KMS::Alias': alias, 'AWS::SecretsManager::Secret': secret };
