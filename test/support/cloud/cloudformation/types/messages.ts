import { ask, askJson, documentText, pick, tagsOf, unless } from './ask';
import { textAt } from '../../protocol/xml';
import type { ResourceContext, ResourceType } from '../resource-type';
import type { ResourceTypes } from '../resource-types';

const topic: ResourceType = {
  takes: ['DisplayName', 'KmsMasterKeyId', 'Subscription', 'Tags', 'TopicName'],
  isTagged: true,
  recreatedBy: ['TopicName'],
  create: async (context, properties) => {
    const { TopicName = context.newName(), DisplayName, KmsMasterKeyId, Subscription = [] } = properties;
    const values = Object.entries({ DisplayName, KmsMasterKeyId }).filter(([, value]) => value !== undefined);
    const root = await ask(context, 'sns', 'CreateTopic', {
      Name: TopicName, Tags: tagsOf(context, properties.Tags), ...entries(values),
    });
    const physicalId = textAt(root, 'TopicArn');
    context.announce(physicalId);
    for (const { Protocol, Endpoint } of Subscription) { await ask(context, 'sns', 'Subscribe', { TopicArn: physicalId, Protocol, Endpoint }); }
    return { physicalId, attributes: { TopicArn: physicalId, TopicName } };
  },
  update: async (context, { DisplayName = '' }, { physicalId, attributes }) => {
    await ask(context, 'sns', 'SetTopicAttributes', { TopicArn: physicalId, AttributeName: 'DisplayName', AttributeValue: DisplayName });
    return { physicalId, attributes };
  },
  delete: (context, { physicalId }) => unless(['NotFound'], ask(context, 'sns', 'DeleteTopic', { TopicArn: physicalId })),
};

/** Maps are lists of entries in calls of SNS. */
function entries(values: readonly (readonly [string, unknown])[]): { readonly [name: string]: unknown } {
  return Object.fromEntries(values.flatMap(([key, value], index) => [[`Attributes.entry.${index + 1}.key`, key], [`Attributes.entry.${index + 1}.value`, value]]));
}

const subscription: ResourceType = {
  takes: ['Endpoint', 'Protocol', 'RawMessageDelivery', 'TopicArn'],
  recreatedBy: ['Endpoint', 'Protocol', 'RawMessageDelivery', 'TopicArn'],
  create: async (context, { TopicArn, Protocol, Endpoint }) => {
    const physicalId = textAt(await ask(context, 'sns', 'Subscribe', { TopicArn, Protocol, Endpoint, ReturnSubscriptionArn: true }), 'SubscriptionArn');
    return { physicalId, attributes: { Arn: physicalId } };
  },
  delete: (context, { physicalId }) => unless(['NotFound'], ask(context, 'sns', 'Unsubscribe', { SubscriptionArn: physicalId })),
};

const topicPolicy: ResourceType = {
  takes: ['PolicyDocument', 'Topics'],
  recreatedBy: [],
  create: async (context, { PolicyDocument, Topics }) => {
    await setPolicies(context, Topics, documentText(PolicyDocument));
    return { physicalId: context.newName() };
  },
  update: async (context, { PolicyDocument, Topics }, { physicalId }) => {
    await setPolicies(context, Topics, documentText(PolicyDocument));
    return { physicalId };
  },
  // A topic is not without a policy, so that the last one stays until the topic goes.
};

async function setPolicies(context: ResourceContext, topics: readonly string[], AttributeValue: string): Promise<void> {
  for (const TopicArn of topics) { await ask(context, 'sns', 'SetTopicAttributes', { TopicArn, AttributeName: 'Policy', AttributeValue }); }
}

const logGroup: ResourceType = {
  takes: ['LogGroupClass', 'LogGroupName', 'RetentionInDays', 'Tags'],
  recreatedBy: ['LogGroupName'],
  create: async (context, { LogGroupName = context.newName(), RetentionInDays }) => {
    await logs(context, 'CreateLogGroup', { logGroupName: LogGroupName });
    if (RetentionInDays) { await logs(context, 'PutRetentionPolicy', { logGroupName: LogGroupName, retentionInDays: Number(RetentionInDays) }); }
    const { partition, region, account } = context;
    return { physicalId: LogGroupName, attributes: { Arn: `arn:${partition}:logs:${region}:${account}:log-group:${LogGroupName}:*` } };
  },
  update: async (context, { RetentionInDays }, { physicalId, attributes }) => {
    if (RetentionInDays) { await logs(context, 'PutRetentionPolicy', { logGroupName: physicalId, retentionInDays: Number(RetentionInDays) }); }
    return { physicalId, attributes };
  },
  delete: (context, { physicalId }) => unless(['ResourceNotFoundException'], logs(context, 'DeleteLogGroup', { logGroupName: physicalId })),
};

function logs(context: ResourceContext, action: string, input: { readonly [name: string]: unknown }): Promise<unknown> {
  return askJson(context, 'logs', `Logs_20140328.${action}`, input);
}

const repository: ResourceType = {
  takes: ['ImageScanningConfiguration', 'ImageTagMutability', 'LifecyclePolicy', 'RepositoryName', 'RepositoryPolicyText', 'Tags'],
  recreatedBy: ['RepositoryName'],
  create: async (context, properties) => {
    const { RepositoryName: repositoryName = context.newName({ lower: true }) } = properties;
    const { repository: { repositoryArn, repositoryUri } } = await ecr(context, 'CreateRepository', { repositoryName, imageTagMutability: properties.ImageTagMutability });
    context.announce(repositoryName);
    await govern(context, repositoryName, properties);
    return { physicalId: repositoryName, attributes: { Arn: repositoryArn, RepositoryUri: repositoryUri } };
  },
  update: async (context, properties, { physicalId, attributes }) => {
    await govern(context, physicalId, properties);
    return { physicalId, attributes };
  },
  delete: (context, { physicalId }) => unless(['RepositoryNotFoundException'], ecr(context, 'DeleteRepository', { repositoryName: physicalId })),
};

async function govern(context: ResourceContext, repositoryName: string, properties: { readonly [name: string]: any }): Promise<void> {
  const { LifecyclePolicyText } = pick(properties.LifecyclePolicy ?? {}, 'LifecyclePolicyText');
  if (LifecyclePolicyText) { await ecr(context, 'PutLifecyclePolicy', { repositoryName, lifecyclePolicyText: LifecyclePolicyText }); }
  if (properties.RepositoryPolicyText) { await ecr(context, 'SetRepositoryPolicy', { repositoryName, policyText: documentText(properties.RepositoryPolicyText) }); }
}

function ecr(context: ResourceContext, action: string, input: { readonly [name: string]: unknown }): Promise<any> {
  return askJson(context, 'ecr', `AmazonEC2ContainerRegistry_V20150921.${action}`, input);
}

export const MESSAGE_TYPES: ResourceTypes = {
  'AWS::SNS::Topic': topic, 'AWS::SNS::Subscription': subscription, 'AWS::SNS::TopicPolicy': topicPolicy, 'AWS::Logs::LogGroup': logGroup, 'AWS::ECR::Repository': repository,
};
