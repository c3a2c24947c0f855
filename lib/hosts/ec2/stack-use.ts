import { DescribeStacksCommand, GetTemplateCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { awsCode, awsMessage } from './aws-errors';
import type { Cloud } from './cloud';
import { allPages } from './pages';

/** CloudFormation answers few calls a second. */
const PARALLEL_STACKS = 4;

/** A stack that is being deleted lets go of its images; one of them may be what it is waiting for. */
const GOING = new Set(['DELETE_COMPLETE', 'DELETE_IN_PROGRESS']);

/** Stacks that name one of these, in their templates or in the values of their parameters: one line each. */
export async function stacksThatName(cloud: Cloud, region: string, names: readonly string[]): Promise<readonly string[]> {
  const stacks = (await allStacks(cloud, region)).filter(({ StackStatus }) => !GOING.has(StackStatus!));
  const lines: string[] = [];
  for (let first = 0; first < stacks.length; first += PARALLEL_STACKS) {
    const some = await Promise.all(stacks.slice(first, first + PARALLEL_STACKS).map(async (stack) => {
      const named = names.find((name) => parametersName(stack, name)) ?? await namedByTemplate(cloud, region, stack, names);
      return named === undefined ? [] : [`the stack ${stack.StackName} in ${region} names ${named}`];
    }));
    lines.push(...some.flat());
  }
  return lines;
}

async function allStacks(cloud: Cloud, region: string): Promise<readonly Stack[]> {
  const cloudFormation = cloud.clients.cloudFormation(region);
  const pages = await allPages((NextToken) => cloudFormation.send(new DescribeStacksCommand({ NextToken })));
  return pages.flatMap(({ Stacks = [] }) => Stacks);
}

function parametersName({ Parameters = [] }: Stack, name: string): boolean {
  return Parameters.some(({ ParameterValue, ResolvedValue }) => ParameterValue === name || ResolvedValue === name);
}

async function namedByTemplate(cloud: Cloud, region: string, { StackId }: Stack, names: readonly string[]): Promise<string | undefined> {
  try {
    const { TemplateBody = '' } = await cloud.clients.cloudFormation(region).send(new GetTemplateCommand({ StackName: StackId, TemplateStage: 'Original' }));
    const text = typeof TemplateBody === 'string' ? TemplateBody : JSON.stringify(TemplateBody);
    return names.find((name) => text.includes(name));
  } catch (error) {
    // It was removed meanwhile.
    if (awsCode(error) === 'ValidationError' && /does not exist/.test(awsMessage(error))) { return undefined; }
    throw error;
  }
}
