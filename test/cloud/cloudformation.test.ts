import { codeOf } from './cases/case';
import { cloudClients, image, type CloudClients } from './cloud-clients';
import { create, ended, happened, parameter, reasons, remove, update } from './stack-fixture';
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

const valueOf = async (Name: string) => (await to.ssm.getParameter({ Name })).Parameter!.Value;
const messageOf = (call: Promise<unknown>) => call.then(() => 'it succeeded', (error: Error) => error.message);
const box = (ImageId: unknown, more: object = {}) => ({ Type: 'AWS::EC2::Instance', Properties: { ImageId, InstanceType: 't3.micro', ...more } });
const statesOf = async () => {
  const { Reservations = [] } = await to.ec2.describeInstances({});
  return Reservations.flatMap(({ Instances }) => Instances!.map(({ ImageId, State }) => `${ImageId} ${State!.Name}`));
};

describe('a stack is created', () => {
  test('each resource after those that it needs, with what they came to', async () => {
    const { StackStatus, Outputs } = await create(to.cloudFormation, 'app', {
      Resources: {
        Second: parameter('/second', { 'Fn::Sub': '${First} of ${AWS::StackName} is ${First.Value}' }),
        Third: parameter('/third', '3', { DependsOn: ['Second'] }),
        First: parameter('/first', '1'),
      },
      Outputs: { Name: { Value: { Ref: 'First' } } },
    });

    expect({ StackStatus, Outputs }).toMatchObject({ StackStatus: 'CREATE_COMPLETE', Outputs: [{ OutputKey: 'Name', OutputValue: '/first' }] });
    expect(await valueOf('/second')).toBe('/first of app is 1');
    const complete = (await happened(to.cloudFormation, 'app')).filter((event) => event.endsWith('COMPLETE'));
    expect(complete).toEqual(['First CREATE_COMPLETE', 'Second CREATE_COMPLETE', 'Third CREATE_COMPLETE', 'app CREATE_COMPLETE']);
  });

  test('without what its conditions leave out', async () => {
    await create(to.cloudFormation, 'app', {
      Parameters: { Stage: { Type: 'String', Default: 'dev' } },
      Conditions: { IsProduction: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] } },
      Resources: {
        Kept: parameter('/kept', { 'Fn::If': ['IsProduction', 'large', 'small'] }),
        Alarm: { ...parameter('/alarm', 'on'), Condition: 'IsProduction' },
      },
    });

    expect(await valueOf('/kept')).toBe('small');
    expect(await codeOf(valueOf('/alarm'))).toBe('ParameterNotFound');
  });

  test('or not at all: what was made is removed, and the reason is that of the resource', async () => {
    await to.ssm.putParameter({ Name: '/taken', Type: 'String', Value: 'x' });
    const { StackStatus } = await create(to.cloudFormation, 'app', {
      Resources: { First: parameter('/first', '1'), Taken: parameter('/taken', { 'Fn::GetAtt': ['First', 'Value'] }) },
    });

    expect(StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(await codeOf(valueOf('/first'))).toBe('ParameterNotFound');
    expect(await valueOf('/taken')).toBe('x');
    expect(await reasons(to.cloudFormation, 'app')).toEqual([expect.stringContaining('The parameter already exists.')]);
    expect(await messageOf(update(to.cloudFormation, 'app', { Resources: { First: parameter('/first', '1') } }))).toMatch(/is in ROLLBACK_COMPLETE state and can not be updated\.$/);
    await remove(to.cloudFormation, 'app');
    expect((await create(to.cloudFormation, 'app', { Resources: { First: parameter('/first', '1') } })).StackStatus).toBe('CREATE_COMPLETE');
  });

  test('not from a template that names what nobody knows', async () => {
    const refusal = (template: object) => messageOf(create(to.cloudFormation, 'app', template));

    expect(await refusal({ Resources: {} })).toBe('Template format error: At least one Resources member must be defined.');
    expect(await refusal({ Resources: { A: { Type: 'AWS::Nothing::AtAll' } } })).toBe('Template format error: Unrecognized resource types: [AWS::Nothing::AtAll]');
    expect(await refusal({ Resources: { A: parameter('/a', { Ref: 'B' }) } }))
      .toBe('Template format error: Unresolved resource dependencies [B] in the Resources block of the template');
    expect(await refusal({ Resources: { A: parameter('/a', { Ref: 'B' }), B: parameter('/b', { Ref: 'A' }) } })).toBe('Circular dependency between resources: [A, B]');
    expect(await refusal({ Resources: { A: { Type: 'AWS::SSM::Parameter', Propertys: {} } } })).toBe('Invalid template resource property \'Propertys\'');
    expect((await to.cloudFormation.listStacks({})).StackSummaries).toEqual([]);
  });

  test('but not with a property that its type does not have', async () => {
    const { StackStatus } = await create(to.cloudFormation, 'app', { Resources: { A: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value: '1', Nmae: '/a' } } } });
    expect(StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(await reasons(to.cloudFormation, 'app')).toEqual([expect.stringContaining('extraneous key [Nmae] is not permitted')]);
  });

  test('in an account and a region of its own', async () => {
    await create(to.cloudFormation, 'app', { Resources: { A: parameter('/a', { 'Fn::Sub': '${AWS::AccountId} ${AWS::Region}' }) } });
    await to.iam.createRole({ RoleName: 'other', AssumeRolePolicyDocument: '{}' });
    const { Credentials: given } = await to.sts.assumeRole({ RoleArn: 'arn:aws:iam::210987654321:role/other', RoleSessionName: 's' });
    const other = cloudClients(cloud, { accessKeyId: given!.AccessKeyId!, secretAccessKey: given!.SecretAccessKey! });
    try {
      await create(other.cloudFormation, 'app', { Resources: { A: parameter('/a', { 'Fn::Sub': '${AWS::AccountId} ${AWS::Region}' }) } });
      expect((await other.ssm.getParameter({ Name: '/a' })).Parameter!.Value).toBe('210987654321 us-east-2');
      expect(await valueOf('/a')).toBe('123456789012 us-east-2');
    } finally { other.end(); }
  });
});

describe('a stack is updated', () => {
  test('in place where that can be, and what is gone from the template goes last', async () => {
    await create(to.cloudFormation, 'app', { Resources: { A: parameter('/a', '1'), B: parameter('/b', '1') } });
    const { StackStatus } = await update(to.cloudFormation, 'app', { Resources: { A: parameter('/a', '2') } });

    expect(StackStatus).toBe('UPDATE_COMPLETE');
    expect(await valueOf('/a')).toBe('2');
    expect(await codeOf(valueOf('/b'))).toBe('ParameterNotFound');
    expect((await happened(to.cloudFormation, 'app')).slice(-7)).toEqual([
      'app UPDATE_IN_PROGRESS', 'A UPDATE_IN_PROGRESS', 'A UPDATE_COMPLETE', 'app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      'B DELETE_IN_PROGRESS', 'B DELETE_COMPLETE', 'app UPDATE_COMPLETE',
    ]);
  });

  test('with a new instance for a new image, and the old one goes when all is done', async () => {
    const [first, second] = [await image(to.ec2, 'one'), await image(to.ec2, 'two')];
    const before = (await statesOf()).length;
    const template = (ImageId: string) => ({ Resources: { Box: box(ImageId) }, Outputs: { Id: { Value: { Ref: 'Box' } } } });
    const created = await create(to.cloudFormation, 'app', template(first));
    const updated = await update(to.cloudFormation, 'app', template(second));

    expect((await statesOf()).slice(before)).toEqual([`${first} terminated`, `${second} running`]);
    expect(updated.Outputs![0].OutputValue).not.toBe(created.Outputs![0].OutputValue);
    const events = await happened(to.cloudFormation, 'app');
    expect(events.indexOf('Box DELETE_IN_PROGRESS')).toBeGreaterThan(events.indexOf('app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'));
  });

  test('or goes back to what it was: the old instance still runs, and values are as before', async () => {
    const [first, second] = [await image(to.ec2, 'one'), await image(to.ec2, 'two')];
    const before = (await statesOf()).length;
    await to.ssm.putParameter({ Name: '/taken', Type: 'String', Value: 'x' });
    await create(to.cloudFormation, 'app', { Resources: { Box: box(first), Alias: parameter('/alias', first) }, Outputs: { Image: { Value: first } } });
    const { StackStatus, Outputs } = await update(to.cloudFormation, 'app', {
      Resources: { Box: box(second), Alias: parameter('/alias', second), Taken: parameter('/taken', '1', { DependsOn: ['Box', 'Alias'] }) },
      Outputs: { Image: { Value: second } },
    });

    expect({ StackStatus, Outputs }).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE', Outputs: [{ OutputValue: first }] });
    expect((await statesOf()).slice(before)).toEqual([`${first} running`, `${second} terminated`]);
    expect(await valueOf('/alias')).toBe(first);
    expect(await valueOf('/taken')).toBe('x');
    const operations = (await to.cloudFormation.describeStackEvents({ StackName: 'app' })).StackEvents!.map((event) => (event as { OperationId?: string }).OperationId);
    expect(new Set(operations).size).toBe(3);
  });

  test('or stays as it failed where nobody wants a rollback, until somebody does', async () => {
    await to.ssm.putParameter({ Name: '/taken', Type: 'String', Value: 'x' });
    await create(to.cloudFormation, 'app', { Resources: { A: parameter('/a', '1') } });
    const TemplateBody = JSON.stringify({ Resources: { A: parameter('/a', '2'), Taken: parameter('/taken', '1', { DependsOn: 'A' }) } });
    await to.cloudFormation.updateStack({ StackName: 'app', TemplateBody, DisableRollback: true });

    expect((await ended(to.cloudFormation, 'app')).StackStatus).toBe('UPDATE_FAILED');
    expect(await valueOf('/a')).toBe('2');
    await to.cloudFormation.rollbackStack({ StackName: 'app' });
    expect((await ended(to.cloudFormation, 'app')).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await valueOf('/a')).toBe('1');
  });

  test('not at all where nothing differs', async () => {
    const template = { Resources: { A: parameter('/a', '1') } };
    await create(to.cloudFormation, 'app', template);
    expect(await messageOf(update(to.cloudFormation, 'app', template))).toBe('No updates are to be performed.');
    expect((await update(to.cloudFormation, 'app', { ...template, Outputs: { A: { Value: { Ref: 'A' } } } })).Outputs).toHaveLength(1);
  });

  test('and keeps what its policies keep', async () => {
    const kept = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };
    await create(to.cloudFormation, 'app', { Resources: { A: parameter('/a', '1', kept), B: parameter('/b', '1', kept) } });
    await update(to.cloudFormation, 'app', { Resources: { A: parameter('/a2', '1', kept) } });
    await remove(to.cloudFormation, 'app');

    expect(await Promise.all(['/a', '/a2', '/b'].map(valueOf))).toEqual(['1', '1', '1']);
  });
});

describe('a stack is deleted', () => {
  test('each resource before those that it needs', async () => {
    await create(to.cloudFormation, 'app', { Resources: { A: parameter('/a', '1'), B: parameter('/b', { Ref: 'A' }), C: parameter('/c', { Ref: 'B' }) } });
    const { StackId, StackStatus } = await remove(to.cloudFormation, 'app');

    expect(StackStatus).toBe('DELETE_COMPLETE');
    const gone = (await happened(to.cloudFormation, StackId!)).filter((event) => event.endsWith('DELETE_COMPLETE'));
    expect(gone).toEqual(['C DELETE_COMPLETE', 'B DELETE_COMPLETE', 'A DELETE_COMPLETE', 'app DELETE_COMPLETE']);
    expect(await messageOf(to.cloudFormation.describeStacks({ StackName: 'app' }))).toBe('Stack with id app does not exist');
    await to.cloudFormation.deleteStack({ StackName: 'app' });
  });

  test('not while it is protected, or another one uses what it exports', async () => {
    await create(to.cloudFormation, 'net', { Resources: { A: parameter('/a', '1') }, Outputs: { Id: { Value: 'vpc-1', Export: { Name: 'net-id' } } } });
    await create(to.cloudFormation, 'app', { Resources: { B: parameter('/b', { 'Fn::ImportValue': 'net-id' }) } });
    await to.cloudFormation.updateTerminationProtection({ StackName: 'app', EnableTerminationProtection: true });

    expect(await valueOf('/b')).toBe('vpc-1');
    expect((await to.cloudFormation.listImports({ ExportName: 'net-id' })).Imports).toEqual(['app']);
    expect(await messageOf(to.cloudFormation.deleteStack({ StackName: 'net' }))).toBe('Export net-id cannot be deleted as it is in use by app');
    expect(await messageOf(to.cloudFormation.deleteStack({ StackName: 'app' }))).toBe('Stack [app] cannot be deleted while TerminationProtection is enabled');
    await to.cloudFormation.updateTerminationProtection({ StackName: 'app', EnableTerminationProtection: false });
    await remove(to.cloudFormation, 'app');
    await remove(to.cloudFormation, 'net');
  });
});

describe('a stack within a stack', () => {
  const inner = (value: string, more: object = {}) => ({
    Parameters: { Name: { Type: 'String' } }, Resources: { A: parameter('/inner', value), ...more }, Outputs: { Said: { Value: { 'Fn::Sub': '${Name} is ${A.Value}' } } },
  });
  const outer = async (key: string, template: object) => {
    await to.s3.putObject({ Bucket: 'templates', Key: key, Body: JSON.stringify(template) });
    return {
      Resources: {
        Inner: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: `${cloud.endpoint}/templates/${key}`, Parameters: { Name: 'a' } } },
        Outer: parameter('/outer', { 'Fn::GetAtt': ['Inner', 'Outputs.Said'] }),
      },
    };
  };
  beforeEach(async () => { await to.s3.createBucket({ Bucket: 'templates', CreateBucketConfiguration: { LocationConstraint: 'us-east-2' } }); });

  test('is made, changed and removed with it, and gives it its outputs', async () => {
    await create(to.cloudFormation, 'app', await outer('one', inner('1')));
    expect(await valueOf('/outer')).toBe('a is 1');
    await update(to.cloudFormation, 'app', await outer('two', inner('2')));
    expect(await valueOf('/outer')).toBe('a is 2');
    await remove(to.cloudFormation, 'app');
    expect(await codeOf(valueOf('/inner'))).toBe('ParameterNotFound');
  });

  test('takes it back where it cannot be changed', async () => {
    await to.ssm.putParameter({ Name: '/taken', Type: 'String', Value: 'x' });
    await create(to.cloudFormation, 'app', await outer('one', inner('1')));
    const { StackStatus } = await update(to.cloudFormation, 'app', await outer('two', inner('2', { Taken: parameter('/taken', '1', { DependsOn: 'A' }) })));

    expect(StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await reasons(to.cloudFormation, 'app')).toEqual([expect.stringMatching(/^Embedded stack .* was not successfully updated: The following resource\(s\) failed to create: \[Taken\]/)]);
    expect([await valueOf('/inner'), await valueOf('/outer')]).toEqual(['1', 'a is 1']);
  });
});

describe('a wait condition', () => {
  const template = {
    Resources: {
      Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
      Wait: { Type: 'AWS::CloudFormation::WaitCondition', Properties: { Handle: { Ref: 'Handle' }, Timeout: '60' } },
    },
    Outputs: { Said: { Value: { 'Fn::GetAtt': ['Wait', 'Data'] } } },
  };
  const begin = async (Timeout = '60'): Promise<string> => {
    cloud.settings.stackPatienceMs = 0;
    const { Wait, ...others } = template.Resources;
    const Resources = { ...others, Wait: { ...Wait, Properties: { ...Wait.Properties, Timeout } } };
    await to.cloudFormation.createStack({ StackName: 'app', TemplateBody: JSON.stringify({ ...template, Resources }) });
    let url: string | undefined;
    await until(async () => {
      const { StackResources } = await to.cloudFormation.describeStackResources({ StackName: 'app' });
      url = StackResources!.find(({ LogicalResourceId }) => LogicalResourceId === 'Handle')?.PhysicalResourceId;
      return url !== undefined;
    });
    expect((await to.cloudFormation.describeStacks({ StackName: 'app' })).Stacks![0].StackStatus).toBe('CREATE_IN_PROGRESS');
    return url!;
  };
  const tell = (url: string, Status: string) => fetch(url, {
    method: 'PUT', body: JSON.stringify({ Status, UniqueId: 'build', Data: 'ami-1', Reason: 'no space left' }),
  });

  test('waits for what its handle is told', async () => {
    expect((await tell(await begin(), 'SUCCESS')).status).toBe(200);
    expect(await ended(to.cloudFormation, 'app')).toMatchObject({ StackStatus: 'CREATE_COMPLETE', Outputs: [{ OutputValue: '{"build":"ami-1"}' }] });
  });

  test('fails with the reason that its handle is told', async () => {
    await tell(await begin(), 'FAILURE');
    expect((await ended(to.cloudFormation, 'app')).StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(await reasons(to.cloudFormation, 'app')).toEqual(['WaitCondition received failed message: \'no space left\' for uniqueId: build']);
  });

  test('is given up when its stack is deleted meanwhile', async () => {
    await begin();
    const [{ StackId }] = (await to.cloudFormation.describeStacks({ StackName: 'app' })).Stacks!;
    await to.cloudFormation.deleteStack({ StackName: 'app' });

    await until(async () => (await to.cloudFormation.describeStacks({ StackName: StackId })).Stacks![0].StackStatus === 'DELETE_COMPLETE');
    expect(await reasons(to.cloudFormation, StackId!)).toEqual(['Resource creation cancelled']);
  });

  test('is given up when the cloud is reset', async () => {
    const url = await begin();
    await cloud.reset();

    expect((await to.cloudFormation.listStacks({})).StackSummaries).toEqual([]);
    expect((await tell(url, 'SUCCESS')).status).toBe(403);
  });

  test('fails when nobody tells its handle anything in time', async () => {
    await begin('1');
    expect((await ended(to.cloudFormation, 'app')).StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(await reasons(to.cloudFormation, 'app')).toEqual(['WaitCondition timed out. Received 0 conditions when expecting 1']);
  });
});
