import { pageOf, stackOf, type StackActions, type StackCall } from './stack-call';
import { eventXml, resourceXml } from './stack-xml';
import type { Xml } from '../../protocol/xml';
import { checkedTemplate, neededCapability, templateBody } from '../definition-input';
import type { Stack, StackEvent, StackResource } from '../stack';
import { isHidden } from '../stack-parameters';
import { invalid, parseTemplate, type Template } from '../template';

const PAGE = 100;
const noStack = (name: string) => `Stack [${name}] does not exist`;

/** Calls that tell what a stack has, and what happened to it. */
export const READING_CALLS: StackActions = {
  DescribeStackEvents: (call) => {
    const stack = stackOf(call, noStack);
    const { items, nextToken } = pageOf([...stack.events].reverse(), call.input, PAGE);
    return { StackEvents: items.map((event) => eventXml(stack, event)), NextToken: nextToken };
  },

  DescribeEvents: (call) => {
    const stack = stackOf(call, noStack);
    const { items, nextToken } = pageOf([...stack.events].reverse(), call.input, PAGE);
    return {
      OperationEvents: items.map((event) => ({ ...eventXml(stack, event), EventType: kindOf(event) })),
      NextToken: nextToken,
    };
  },

  DescribeStackResources: (call) => {
    const wanted = call.input.text('LogicalResourceId');
    const stack = call.input.text('StackName') === undefined ? ownerOf(call) : stackOf(call);
    const resources = [...stack.resources.values()].filter(({ logicalId }) => wanted === undefined || logicalId === wanted);
    return { StackResources: resources.map((resource) => resourceXml(stack, resource)) };
  },

  DescribeStackResource: (call) => {
    const stack = stackOf(call, (name) => `Stack '${name}' does not exist`);
    const id = call.input.text('LogicalResourceId') ?? '';
    const resource = stack.resources.get(id);
    if (!resource) { throw invalid(`Resource ${id} does not exist for stack ${stack.name}`); }
    return { StackResourceDetail: { ...resourceXml(stack, resource), Metadata: metadataOf(stack, resource) } };
  },

  ListStackResources: (call) => {
    const stack = stackOf(call);
    const { items, nextToken } = pageOf([...stack.resources.values()], call.input, PAGE);
    return { StackResourceSummaries: items.map((resource) => resourceXml(stack, resource)), NextToken: nextToken };
  },

  GetTemplate: (call) => {
    const stack = stackOf(call);
    const name = call.input.text('ChangeSetName');
    const changeSet = [...stack.changeSets.values()].find((one) => one.name === name || one.id === name);
    const definition = name === undefined ? stack.definition : changeSet?.definition;
    return { TemplateBody: definition?.body ?? '{}', StagesAvailable: ['Original', 'Processed'] };
  },

  GetTemplateSummary: async (call) => {
    const template = call.input.text('StackName') === undefined
      ? parseTemplate(await templateBody(call, undefined))
      : stackOf(call).definition?.template ?? { Resources: {} };
    return {
      ...summary(template),
      ResourceTypes: [...new Set(Object.values(template.Resources).map(({ Type }) => Type))],
      Metadata: template.Metadata && JSON.stringify(template.Metadata),
      Version: '2010-09-09',
    };
  },

  ValidateTemplate: async (call) => summary(checkedTemplate(await templateBody(call, undefined))),

  ListHookResults: ({ input }) => ({ TargetType: input.text('TargetType'), TargetId: input.text('TargetId'), HookResults: [] }),
};

function kindOf({ type, status }: StackEvent): string {
  if (type === 'AWS::CloudFormation::Stack') { return 'STACK_EVENT'; }
  return status.endsWith('_FAILED') ? 'PROVISIONING_ERROR' : 'PROGRESS_STATUS';
}

function summary(template: Template): { readonly [name: string]: Xml } {
  const capability = neededCapability(template);
  return {
    Description: template.Description,
    Parameters: Object.entries(template.Parameters ?? {}).map(([ParameterKey, declaration]) => ({
      ParameterKey,
      ParameterType: declaration.Type,
      DefaultValue: declaration.Default === undefined ? undefined : String(declaration.Default),
      NoEcho: isHidden(declaration),
      Description: declaration.Description,
    })),
    Capabilities: capability ? [capability] : [],
    CapabilitiesReason: capability && 'The following resource(s) require capabilities: [IAM]',
  };
}

function ownerOf({ input, place }: StackCall): Stack {
  const id = input.text('PhysicalResourceId') ?? '';
  const stack = place.all().find(({ resources, status }) => status !== 'DELETE_COMPLETE' && [...resources.values()].some(({ made }) => made.physicalId === id));
  if (!stack) { throw invalid(`Stack for ${id} does not exist`); }
  return stack;
}

function metadataOf({ definition }: Stack, { logicalId }: StackResource): string | undefined {
  const metadata = definition?.template.Resources[logicalId]?.Metadata;
  return metadata === undefined ? undefined : JSON.stringify(metadata);
}
