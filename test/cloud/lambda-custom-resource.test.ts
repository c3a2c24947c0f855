import { cloudClients, type CloudClients } from './cloud-clients';
import { until } from './until';
import { startCloud, type Cloud } from '../support/cloud/cloud';

let cloud: Cloud;
let to: CloudClients;

beforeAll(async () => {
  cloud = await startCloud();
  to = cloudClients(cloud);
});
afterAll(async () => { to.end(); await cloud.stop(); });
afterEach(() => cloud.reset());

const TRUST = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }] };

/** A provider that answers as its properties say. */
const PROVIDER = `exports.handler = async (event) => {
  const { Outcome = 'SUCCESS', Id, Silent } = event.ResourceProperties;
  if (Silent && event.RequestType !== 'Delete') { return; }
  const body = JSON.stringify({
    Status: event.RequestType === 'Delete' ? 'SUCCESS' : Outcome, Reason: 'because', PhysicalResourceId: Id ?? event.PhysicalResourceId ?? 'fresh',
    StackId: event.StackId, RequestId: event.RequestId, LogicalResourceId: event.LogicalResourceId, Data: { Said: 'id ' + Id },
  });
  await fetch(event.ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } });
};`;

const template = (properties: object) => JSON.stringify({
  Resources: {
    Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: TRUST } },
    Provider: {
      Type: 'AWS::Lambda::Function',
      Properties: { Code: { ZipFile: PROVIDER }, Handler: 'index.handler', Runtime: 'nodejs20.x', Role: { 'Fn::GetAtt': ['Role', 'Arn'] }, Timeout: 30 },
    },
    Thing: { Type: 'Custom::Thing', Properties: { ServiceToken: { 'Fn::GetAtt': ['Provider', 'Arn'] }, ...properties } },
  },
  Outputs: { Id: { Value: { Ref: 'Thing' } }, Said: { Value: { 'Fn::GetAtt': ['Thing', 'Said'] } } },
});

const deploy = async (properties: object, verb: 'createStack' | 'updateStack' = 'createStack') => {
  const input = { StackName: 'Things', TemplateBody: template(properties), Capabilities: ['CAPABILITY_IAM' as const] };
  await (verb === 'createStack' ? to.cloudFormation.createStack(input) : to.cloudFormation.updateStack(input));
  return ended();
};

async function ended(): Promise<string> {
  let status = '';
  await until(async () => {
    status = (await to.cloudFormation.describeStacks({ StackName: 'Things' })).Stacks![0].StackStatus!;
    return !status.endsWith('IN_PROGRESS');
  });
  // A provider has answered before it has ended.
  await cloud.services.lambda.settled();
  return status;
}

/** What the provider was asked. */
const asked = () => cloud.services.lambda.invocations.map(({ event: { RequestType, PhysicalResourceId, ResourceProperties } }: any) => (
  [RequestType, PhysicalResourceId, ResourceProperties.Id]
));

async function reasonOf(status: string): Promise<string | undefined> {
  const { StackEvents = [] } = await to.cloudFormation.describeStackEvents({ StackName: 'Things' });
  return StackEvents.find(({ LogicalResourceId, ResourceStatus }) => LogicalResourceId === 'Thing' && ResourceStatus === status)?.ResourceStatusReason;
}

test('a provider is asked to make, to change and to remove its resource', async () => {
  expect(await deploy({ Id: 'one', Count: 3, Flag: true })).toBe('CREATE_COMPLETE');
  const { Outputs } = (await to.cloudFormation.describeStacks({ StackName: 'Things' })).Stacks![0];
  expect(Outputs!.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])).toEqual([['Id', 'one'], ['Said', 'id one']]);
  expect(cloud.services.lambda.invocations[0].event).toMatchObject({
    RequestType: 'Create', ResourceType: 'Custom::Thing', LogicalResourceId: 'Thing', ResourceProperties: { Id: 'one', Count: '3', Flag: 'true' },
  });

  expect(await deploy({ Id: 'one', Count: 4 }, 'updateStack')).toBe('UPDATE_COMPLETE');
  expect(cloud.services.lambda.invocations[1].event).toMatchObject({
    RequestType: 'Update', PhysicalResourceId: 'one', ResourceProperties: { Count: '4' }, OldResourceProperties: { Count: '3' },
  });

  await to.cloudFormation.deleteStack({ StackName: 'Things' });
  await until(() => cloud.services.lambda.invocations.length === 3);
  expect(asked()[2]).toEqual(['Delete', 'one', 'one']);
});

test('an update that answers with another ID removes the old one when all is done', async () => {
  await deploy({ Id: 'one' });

  expect(await deploy({ Id: 'two' }, 'updateStack')).toBe('UPDATE_COMPLETE');
  await cloud.services.lambda.settled();

  expect(asked()).toEqual([['Create', undefined, 'one'], ['Update', 'one', 'two'], ['Delete', 'one', 'one']]);
});

test('a resource that fails says why, and is removed again', async () => {
  expect(await deploy({ Id: 'one', Outcome: 'FAILED' })).toMatch(/^ROLLBACK_COMPLETE$/);

  const reason = /^Received response status \[FAILED\] from custom resource\. Message returned: because \(RequestId: [0-9a-f-]{36}\)$/;
  expect(await reasonOf('CREATE_FAILED')).toMatch(reason);
  expect(asked()).toEqual([['Create', undefined, 'one'], ['Delete', 'one', 'one']]);
});

test('an update that fails is taken back with the properties of before', async () => {
  await deploy({ Id: 'one', Mark: 'old' });

  expect(await deploy({ Id: 'one', Mark: 'new', Outcome: 'FAILED' }, 'updateStack')).toBe('UPDATE_ROLLBACK_COMPLETE');

  const marks = cloud.services.lambda.invocations.map(({ event: { RequestType, ResourceProperties, OldResourceProperties } }: any) => (
    [RequestType, ResourceProperties.Mark, OldResourceProperties?.Mark]
  ));
  expect(marks).toEqual([['Create', 'old', undefined], ['Update', 'new', 'old'], ['Update', 'old', 'new']]);
});

test('a provider that never answers fails the stack with its time', async () => {
  expect(await deploy({ Id: 'one', Silent: true, ServiceTimeout: 1 })).toBe('ROLLBACK_COMPLETE');

  expect(await reasonOf('CREATE_FAILED')).toContain('CloudFormation did not receive a response from your Custom Resource');
  expect(asked().map(([type]) => type)).toEqual(['Create', 'Delete']);
});
