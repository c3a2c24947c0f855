import { ask, tagsOf, unless } from './ask';
import { ApiError } from '../../protocol/api-error';
import { itemsAt, textAt, type XmlElement } from '../../protocol/xml';
import { ResourceFailure, type Made, type Properties, type ResourceContext, type ResourceType } from '../resource-type';
import type { ResourceTypes } from '../resource-types';

const CAPABILITIES = ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'];

/** A stack within a stack: made by the same calls as any other. */
const nestedStack: ResourceType = {
  takes: ['NotificationARNs', 'Parameters', 'Tags', 'TemplateURL', 'TimeoutInMinutes'],
  isTagged: true,
  recreatedBy: [],
  create: async (context, properties) => {
    const root = await ask(context, 'cloudformation', 'CreateStack', { StackName: context.newName({ most: 128 }), ...input(context, properties) });
    const id = textAt(root, 'StackId');
    context.announce(id);
    return ended(context, id, /^CREATE_COMPLETE$/, 'created');
  },
  update: async (context, properties, { physicalId }) => {
    let wanted = /^UPDATE_COMPLETE$/;
    try {
      await ask(context, 'cloudformation', 'UpdateStack', { StackName: physicalId, ...input(context, properties) });
    } catch (error) {
      if (!(error instanceof ApiError) || error.message !== 'No updates are to be performed.') { throw error; }
      // It may have gone back there by itself.
      wanted = /_COMPLETE$/;
    }
    return ended(context, physicalId, wanted, 'updated');
  },
  delete: async (context, { physicalId }) => {
    await ask(context, 'cloudformation', 'DeleteStack', { StackName: physicalId });
    await unless(['ValidationError'], ended(context, physicalId, /^DELETE_COMPLETE$/, 'deleted'));
  },
};

function input(context: ResourceContext, { TemplateURL, Parameters = {}, NotificationARNs, Tags }: Properties): Properties {
  return {
    TemplateURL,
    NotificationARNs,
    Capabilities: CAPABILITIES,
    Parameters: Object.entries(Parameters).map(([ParameterKey, value]) => ({ ParameterKey, ParameterValue: Array.isArray(value) ? value.join(',') : value })),
    Tags: tagsOf(context, Tags),
  };
}

async function ended(context: ResourceContext, id: string, wanted: RegExp, done: string): Promise<Made> {
  for (;;) {
    const root = await ask(context, 'cloudformation', 'DescribeStacks', { StackName: id });
    const [stack] = itemsAt(root, 'Stacks');
    const status = textAt(stack, 'StackStatus');
    if (!status.endsWith('_IN_PROGRESS')) {
      if (!wanted.test(status)) { throw new ResourceFailure(`Embedded stack ${id} was not successfully ${done}: ${await reasonOf(context, id)}`); }
      return { physicalId: id, attributes: outputsOf(stack) };
    }
    if (context.signal.aborted) { throw context.signal.reason; }
    await context.clock.sleep(15, context.signal);
  }
}

function outputsOf(stack: XmlElement): { readonly [name: string]: string } {
  return Object.fromEntries(itemsAt(stack, 'Outputs').map((output) => [`Outputs.${textAt(output, 'OutputKey')}`, textAt(output, 'OutputValue')]));
}

/** Why it did not become what it was to be. */
async function reasonOf(context: ResourceContext, id: string): Promise<string> {
  const events = itemsAt(await ask(context, 'cloudformation', 'DescribeStackEvents', { StackName: id }), 'StackEvents');
  const own = events.find((event) => textAt(event, 'PhysicalResourceId') === id && textAt(event, 'ResourceStatusReason').startsWith('The following'));
  return textAt(own, 'ResourceStatusReason');
}

export const NESTED_STACK_TYPES: ResourceTypes = { 'AWS::CloudFormation::Stack': nestedStack };
