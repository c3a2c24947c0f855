import type { CloudFormation, Stack } from '@aws-sdk/client-cloudformation';
import { until } from './until';

/** Properties of a parameter of Parameter Store. */
export function parameter(Name: string, Value: unknown, more: object = {}): object {
  return { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Name, Value }, ...more };
}

/** Waits until nothing goes on in a stack; what it is then. */
export async function ended(cloudFormation: CloudFormation, StackName: string): Promise<Stack> {
  let stack: Stack | undefined;
  await until(async () => {
    [stack] = (await cloudFormation.describeStacks({ StackName })).Stacks!;
    return !stack!.StackStatus!.endsWith('_IN_PROGRESS');
  });
  return stack!;
}

export async function create(cloudFormation: CloudFormation, StackName: string, template: object): Promise<Stack> {
  await cloudFormation.createStack({ StackName, TemplateBody: JSON.stringify(template), Capabilities: ['CAPABILITY_IAM'] });
  return ended(cloudFormation, StackName);
}

export async function update(cloudFormation: CloudFormation, StackName: string, template: object): Promise<Stack> {
  await cloudFormation.updateStack({ StackName, TemplateBody: JSON.stringify(template), Capabilities: ['CAPABILITY_IAM'] });
  return ended(cloudFormation, StackName);
}

/** Deletes a stack; what it was last. */
export async function remove(cloudFormation: CloudFormation, StackName: string): Promise<Stack> {
  const [{ StackId }] = (await cloudFormation.describeStacks({ StackName })).Stacks!;
  await cloudFormation.deleteStack({ StackName });
  return ended(cloudFormation, StackId!);
}

/** What happened to the resources of a stack, oldest first: `Box CREATE_COMPLETE`. */
export async function happened(cloudFormation: CloudFormation, StackName: string): Promise<readonly string[]> {
  const { StackEvents } = await cloudFormation.describeStackEvents({ StackName });
  return [...StackEvents!].reverse().map(({ LogicalResourceId, ResourceStatus }) => `${LogicalResourceId} ${ResourceStatus}`);
}

/** Why resources failed. */
export async function reasons(cloudFormation: CloudFormation, StackName: string): Promise<readonly string[]> {
  const { StackEvents } = await cloudFormation.describeStackEvents({ StackName });
  return StackEvents!.filter(({ ResourceStatus }) => ResourceStatus!.endsWith('_FAILED')).map(({ ResourceStatusReason }) => ResourceStatusReason!);
}
