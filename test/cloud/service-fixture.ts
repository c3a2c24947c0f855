import type { CreateProjectCommandInput } from '@aws-sdk/client-codebuild';
import type { CreateFunctionCommandInput } from '@aws-sdk/client-lambda';
import type { CloudClients } from './cloud-clients';
import { smallZip } from '../support/cloud/small-zip';

/** Everything that the roles of these tests may. */
const EVERYTHING = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] });

/** A role that a service such as `lambda` may act in; its ARN. */
export async function serviceRole({ iam }: CloudClients, service: string, policy = EVERYTHING): Promise<string> {
  const Statement = [{ Effect: 'Allow', Principal: { Service: `${service}.amazonaws.com` }, Action: 'sts:AssumeRole' }];
  const RoleName = `role-of-${service}`;
  const { Role } = await iam.createRole({ RoleName, AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }) });
  await iam.putRolePolicy({ RoleName, PolicyName: 'all', PolicyDocument: policy });
  return Role!.Arn!;
}

/** A function of this code; its ARN. */
export async function makeFunction(
  to: CloudClients, FunctionName: string, code: string, more: Partial<CreateFunctionCommandInput> = {},
): Promise<string> {
  const Role = more.Role ?? await serviceRole(to, 'lambda');
  const { FunctionArn } = await to.lambda.createFunction({
    FunctionName, Role, Runtime: 'nodejs20.x', Handler: 'index.handler', Code: { ZipFile: smallZip({ 'index.js': code }) }, ...more,
  });
  return FunctionArn!;
}

/** A project whose builds run these phases. */
export async function makeProject(
  to: CloudClients, phases: object, more: Partial<CreateProjectCommandInput> = {}, env: object = {},
): Promise<string> {
  const serviceRoleArn = more.serviceRole ?? await serviceRole(to, 'codebuild');
  const name = more.name ?? 'images';
  await to.codeBuild.createProject({
    name,
    serviceRole: serviceRoleArn,
    source: { type: 'NO_SOURCE', buildspec: JSON.stringify({ version: '0.2', env, phases }) },
    artifacts: { type: 'NO_ARTIFACTS' },
    environment: { type: 'LINUX_CONTAINER', image: 'aws/codebuild/standard:7.0', computeType: 'BUILD_GENERAL1_SMALL' },
    ...more,
  });
  return name;
}

/** Lines of a log that were not written by the service itself. */
export async function linesOf({ logs }: CloudClients, logGroupName: string, logStreamName: string): Promise<string[]> {
  const { events = [] } = await logs.getLogEvents({ logGroupName, logStreamName, startFromHead: true });
  return events.map(({ message }) => message!.replace(/\n$/, '')).filter((line) => !/^(\[Container\]|START |END |REPORT )/.test(line));
}
