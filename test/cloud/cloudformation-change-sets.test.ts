import type { Parameter } from '@aws-sdk/client-cloudformation';
import { codeOf } from './cases/case';
import { cloudClients, image, type CloudClients } from './cloud-clients';
import { create, ended, parameter } from './stack-fixture';
import { startCloud, type Cloud } from '../support/cloud/cloud';

let cloud: Cloud;
let to: CloudClients;

beforeAll(async () => {
  cloud = await startCloud();
  to = cloudClients(cloud);
});
afterAll(async () => { to.end(); await cloud.stop(); });
afterEach(() => cloud.reset());

const StackName = 'app';
const messageOf = (call: Promise<unknown>) => call.then(() => 'it succeeded', (error: Error) => error.message);
const put = (Name: string, Value: string) => to.ssm.putParameter({ Name, Value, Type: 'String', Overwrite: true });

interface Submission {
  readonly ChangeSetName?: string;
  readonly type?: 'CREATE' | 'UPDATE';
  readonly Parameters?: Parameter[];
}

/** A change set, as it is described. */
async function submit(template: object, { ChangeSetName = 'c', type = 'UPDATE', ...more }: Submission = {}) {
  await to.cloudFormation.createChangeSet({ StackName, ChangeSetName, ChangeSetType: type, TemplateBody: JSON.stringify(template), ...more });
  return to.cloudFormation.describeChangeSet({ StackName, ChangeSetName, IncludePropertyValues: true });
}

/** What a change set says of resources: `Box Modify True`. */
const told = ({ Changes = [] }: Awaited<ReturnType<typeof submit>>) => Changes.map(({ ResourceChange: change }) => (
  [change!.LogicalResourceId, change!.Action, change!.Replacement].filter((word) => word).join(' ')
));

const stored = (logicalId: string, name: string, value: unknown = { Ref: logicalId }) => ({
  Parameters: { [logicalId]: { Type: 'AWS::SSM::Parameter::Value<String>', Default: name } }, Resources: { Alias: parameter('/alias', value) },
});

test('a change set of a stack that is not there makes one that is under review, and nothing else', async () => {
  const changeSet = await submit({ Resources: { A: parameter('/a', '1') } }, { type: 'CREATE' });

  expect(changeSet).toMatchObject({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE' });
  expect(told(changeSet)).toEqual(['A Add']);
  expect((await to.cloudFormation.describeStacks({ StackName })).Stacks).toMatchObject([{ StackStatus: 'REVIEW_IN_PROGRESS' }]);
  expect(await codeOf(to.ssm.getParameter({ Name: '/a' }))).toBe('ParameterNotFound');
  await to.cloudFormation.executeChangeSet({ StackName, ChangeSetName: 'c' });
  expect((await ended(to.cloudFormation, StackName)).StackStatus).toBe('CREATE_COMPLETE');
});

test('it says what is replaced, why, and from what to what', async () => {
  const [first, second] = [await image(to.ec2, 'one'), await image(to.ec2, 'two')];
  const template = (ImageId: string, InstanceType: string) => ({
    Resources: { Box: { Type: 'AWS::EC2::Instance', Properties: { ImageId, InstanceType } }, Name: parameter('/box', { Ref: 'Box' }), Zone: parameter('/zone', { 'Fn::GetAtt': ['Box', 'AvailabilityZone'] }) },
  });
  await create(to.cloudFormation, StackName, template(first, 't3.micro'));

  const other = await submit(template(second, 't3.micro'));
  expect(told(other)).toEqual(['Box Modify True', 'Name Modify False', 'Zone Modify False']);
  expect(other.Changes![0].ResourceChange).toMatchObject({
    PolicyAction: 'ReplaceAndDelete',
    Scope: ['Properties'],
    Details: [{
      Target: { Attribute: 'Properties', Name: 'ImageId', RequiresRecreation: 'Always', BeforeValue: first, AfterValue: second },
      Evaluation: 'Static',
      ChangeSource: 'DirectModification',
    }],
  });
  expect(other.Changes![1].ResourceChange!.Details).toMatchObject([{ Evaluation: 'Dynamic', ChangeSource: 'ResourceReference', CausingEntity: 'Box' }]);
  expect(told(await submit(template(first, 't3.small'), { ChangeSetName: 'd' }))).toEqual(['Box Modify Conditional', 'Name Modify False', 'Zone Modify False']);
});

test('where nothing differs it fails, and says so', async () => {
  const template = { Resources: { A: parameter('/a', '1') } };
  await create(to.cloudFormation, StackName, template);

  const { Status, StatusReason, ExecutionStatus } = await submit(template);
  expect({ Status, ExecutionStatus }).toEqual({ Status: 'FAILED', ExecutionStatus: 'UNAVAILABLE' });
  expect(StatusReason).toBe('The submitted information didn\'t contain changes. Submit different information to create a change set.');
  expect(await codeOf(to.cloudFormation.executeChangeSet({ StackName, ChangeSetName: 'c' }))).toBe('InvalidChangeSetStatusException');
});

test('names belong to a stack, and one that is gone is not found', async () => {
  await create(to.cloudFormation, StackName, { Resources: { A: parameter('/a', '1') } });
  await create(to.cloudFormation, 'other', { Resources: { A: parameter('/b', '1') } });
  await submit({ Resources: { A: parameter('/a', '2') } });

  expect(await codeOf(to.cloudFormation.describeChangeSet({ StackName: 'other', ChangeSetName: 'c' }))).toBe('ChangeSetNotFoundException');
  await to.cloudFormation.deleteChangeSet({ StackName: 'other', ChangeSetName: 'c' });
  expect((await to.cloudFormation.listChangeSets({ StackName })).Summaries).toHaveLength(1);
  await to.cloudFormation.deleteChangeSet({ StackName, ChangeSetName: 'c' });
  expect(await codeOf(to.cloudFormation.describeChangeSet({ StackName, ChangeSetName: 'c' }))).toBe('ChangeSetNotFoundException');
});

describe('a parameter that Parameter Store has the value of', () => {
  test('is read for the change set, and has to be there', async () => {
    expect(await messageOf(submit(stored('Image', '/golden/none'), { type: 'CREATE' })))
      .toBe('Unable to fetch parameters [/golden/none] from parameter store for this account.');
    expect((await to.cloudFormation.listStacks({})).StackSummaries).toEqual([]);
  });

  test('is a change where only the value differs', async () => {
    await put('/golden/a', 'ami-1');
    await create(to.cloudFormation, StackName, stored('Image', '/golden/a'));
    expect((await submit(stored('Image', '/golden/a'))).Status).toBe('FAILED');
    await put('/golden/a', 'ami-2');

    const changeSet = await submit(stored('Image', '/golden/a'), { ChangeSetName: 'd', Parameters: [{ ParameterKey: 'Image', UsePreviousValue: true }] });
    expect(told(changeSet)).toEqual(['Alias Modify False']);
    expect(changeSet.Parameters).toEqual([{ ParameterKey: 'Image', ParameterValue: '/golden/a', ResolvedValue: 'ami-2' }]);
    expect(changeSet.Changes![0].ResourceChange!.Details).toMatchObject([{ ChangeSource: 'ParameterReference', CausingEntity: 'Image' }]);
    await to.cloudFormation.executeChangeSet({ StackName, ChangeSetName: 'd' });
    await ended(to.cloudFormation, StackName);
    expect((await to.ssm.getParameter({ Name: '/alias' })).Parameter!.Value).toBe('ami-2');
  });

  test('keeps its old name where the previous value is asked for, whatever the template says', async () => {
    await put('/golden/a', 'ami-1');
    await put('/golden/b', 'ami-2');
    await create(to.cloudFormation, StackName, stored('Image', '/golden/a'));

    const kept = await submit(stored('Image', '/golden/b'), { Parameters: [{ ParameterKey: 'Image', UsePreviousValue: true }] });
    expect(kept).toMatchObject({ Status: 'FAILED', Parameters: [{ ParameterValue: '/golden/a' }] });
    expect(told(await submit(stored('ImageOfB', '/golden/b'), { ChangeSetName: 'd' }))).toEqual(['Alias Modify False']);
  });

  test('stays as it was read between change set and execution', async () => {
    await put('/golden/a', 'ami-1');
    await submit(stored('Image', '/golden/a'), { type: 'CREATE' });
    await put('/golden/a', 'ami-2');
    await to.cloudFormation.executeChangeSet({ StackName, ChangeSetName: 'c' });
    await ended(to.cloudFormation, StackName);
    expect((await to.ssm.getParameter({ Name: '/alias' })).Parameter!.Value).toBe('ami-1');
  });
});

test('a template may lie in S3, under any name of the endpoint', async () => {
  await to.s3.createBucket({ Bucket: 'templates', CreateBucketConfiguration: { LocationConstraint: 'us-east-2' } });
  await to.s3.putObject({ Bucket: 'templates', Key: 'a/b.json', Body: JSON.stringify({ Resources: { A: parameter('/a', '1') } }) });
  const { port } = new URL(cloud.endpoint);
  for (const origin of [`http://localhost:${port}`, `http://127.0.0.1:${port}`, 'https://s3.us-east-2.amazonaws.com']) {
    const { Parameters, Description } = await to.cloudFormation.validateTemplate({ TemplateURL: `${origin}/templates/a/b.json` });
    expect({ Parameters, Description }).toEqual({ Parameters: [], Description: undefined });
  }
  expect(await messageOf(to.cloudFormation.validateTemplate({ TemplateURL: 'https://example.com/b.json' }))).toBe('TemplateURL must be a supported URL.');
  expect(await messageOf(to.cloudFormation.validateTemplate({ TemplateURL: `${cloud.endpoint}/templates/none` }))).toMatch(/^S3 error: /);
});

test('what gives rights has to be agreed to', async () => {
  const template = { Resources: { R: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } } } };
  expect(await codeOf(submit(template, { type: 'CREATE' }))).toBe('InsufficientCapabilitiesException');
});
