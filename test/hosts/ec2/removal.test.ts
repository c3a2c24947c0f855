import { CreateAutoScalingGroupCommand, CreateLaunchConfigurationCommand } from '@aws-sdk/client-auto-scaling';
import { CreateStackCommand, DeleteStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CreateLaunchTemplateCommand, DeregisterImageCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { ec2Plan, REGION } from './ec2-fixture';
import { startImages, type ImageFixture } from './image-fixture';
import { removeArtifacts } from '../../../lib/hosts/ec2/removal';
import { until } from '../../cloud/until';

let ec2: ImageFixture;
beforeAll(async () => { ec2 = await startImages(); });
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

const plan = ec2Plan({ delivery: { regions: [{ region: 'eu-west-1' }], deregistrationProtection: 'enabled' } });
const remove = (dryRun = false) => removeArtifacts(ec2.cloud, plan, { dryRun }, ec2.context);
const withoutIds = (lines: readonly string[]) => lines.map((line) => line.replace(/(ami|snap)-[0-9a-f]+/, '$1').replace(/ \(.*\)/, '')).sort();

const ALL = [
  'image ami in eu-west-1', `image ami in ${REGION}`, 'parameter /golden/Stack/Web in eu-west-1', `parameter /golden/Stack/Web in ${REGION}`,
  'snapshot snap in eu-west-1', `snapshot snap in ${REGION}`,
].sort();

test('an image goes with its snapshots, copies and parameters, though it is protected; before, it is only said what would', async () => {
  await ec2.publish(plan);
  expect(withoutIds(await remove(true))).toEqual(ALL);
  expect((await ec2.left()).images).toHaveLength(2);
  expect(withoutIds(await remove())).toEqual(ALL);
  const { images, snapshots, parameters } = await ec2.left();
  expect([...images, ...snapshots, ...parameters]).toEqual([]);
  expect(await remove()).toEqual([]);
});

test('an image that stays protected for a day has lost its protection then, and nothing else', async () => {
  const cooling = ec2Plan({ delivery: { ...plan.delivery, deregistrationProtection: 'enabled-with-cooldown' } });
  const { id } = await ec2.publish(cooling);
  const removal = removeArtifacts(ec2.cloud, cooling, { dryRun: false }, ec2.context);
  await expect(removal).rejects.toMatchObject({ code: 'protected-image', message: expect.stringContaining(`${id} in ${REGION}`) });
  const { images, parameters } = await ec2.left();
  expect([images.length, parameters.length]).toEqual([2, 2]);
});

test('an image that a definition made which has changed since goes, too; drafts and images of others stay', async () => {
  await ec2.publish({ ...plan, definitionHash: 'e'.repeat(64) });
  await ec2.publish({ ...plan, image: 'Other/Image', definitionHash: 'd'.repeat(64), delivery: { ...plan.delivery, name: 'other' } }, {}, { buildId: 'b2' });
  await ec2.capture(plan, { buildId: 'b3' });
  await remove();
  expect((await ec2.left()).images.map(({ tags }) => tags['golden:build']).sort()).toEqual(['b2', 'b2', 'b3']);
});

test('an image of an earlier definition goes with its parameters in all regions; that of another image stays', async () => {
  const earlier = { ...plan, definitionHash: 'e'.repeat(64), delivery: { ...plan.delivery, parameterName: '/golden/earlier' } };
  await ec2.publish(earlier);
  await ec2.publish({ ...plan, image: 'Other/Image', definitionHash: 'd'.repeat(64), delivery: { ...plan.delivery, name: 'other', parameterName: '/golden/other' } }, {}, { buildId: 'b2' });
  expect(withoutIds(await remove())).toEqual(ALL.map((line) => line.replace('/golden/Stack/Web', '/golden/earlier')).sort());
  expect((await ec2.left()).parameters.map(({ id, region }) => [id, region]).sort()).toEqual([['/golden/other', 'eu-west-1'], ['/golden/other', REGION]]);
});

test('snapshots of an image that somebody deregistered go, too', async () => {
  const loose = ec2Plan({ delivery: { regions: [] } });
  const { id } = await ec2.publish(loose);
  await ec2.cloud.clients.ec2(REGION).send(new DeregisterImageCommand({ ImageId: id }));
  const lost = () => removeArtifacts(ec2.cloud, loose, { dryRun: false }, ec2.context);
  expect(withoutIds(await lost())).toEqual([`snapshot snap in ${REGION}`]);
  expect((await ec2.left()).snapshots).toEqual([]);
});

test('a stack that is being deleted holds nothing, though it names the image until it is gone', async () => {
  const { id } = await ec2.publish(plan);
  const cloudFormation = ec2.cloud.clients.cloudFormation(REGION);
  const statusOf = async () => (await cloudFormation.send(new DescribeStacksCommand({ StackName: 'servers' }))).Stacks![0].StackStatus;
  const template = {
    Parameters: { Image: { Type: 'String', Default: '/golden/Stack/Web' } },
    Resources: { Server: { Type: 'AWS::EC2::Instance', Properties: { ImageId: id, InstanceType: 't3.small' } } },
  };
  await cloudFormation.send(new CreateStackCommand({ StackName: 'servers', TemplateBody: JSON.stringify(template) }));
  expect(await statusOf()).toBe('CREATE_COMPLETE');
  await expect(remove()).rejects.toMatchObject({ code: 'image-in-use' });

  ec2.aws.settings.durations.shuttingDown = 600_000;
  ec2.aws.settings.stackPatienceMs = 0;
  await cloudFormation.send(new DeleteStackCommand({ StackName: 'servers' }));
  await until(async () => (await ec2.left()).instances.length === 0);
  expect(withoutIds(await remove())).toEqual(ALL);
  expect(await statusOf()).toBe('DELETE_IN_PROGRESS');
});

describe('nothing is removed, and it is said by whom it is used, where', () => {
  async function refusal(): Promise<string> {
    const error = await remove().then(() => undefined, (thrown: Error & { readonly code: string }) => thrown);
    expect(error).toMatchObject({ code: 'image-in-use', path: 'Stack/Web' });
    const { images, parameters } = await ec2.left();
    expect([images.length, parameters.length]).toEqual([2, 2]);
    return error!.message;
  }

  test('an instance was launched from it', async () => {
    const { id } = await ec2.publish(plan);
    const { Instances = [] } = await ec2.cloud.clients.ec2(REGION).send(new RunInstancesCommand({ ImageId: id, MinCount: 1, MaxCount: 1, InstanceType: 't3.small' }));
    expect(await refusal()).toContain(`instance ${Instances[0].InstanceId} in ${REGION} was launched from ${id}`);
  });

  test.each([['the image', (id: string) => id], ['its parameter', () => 'resolve:ssm:/golden/Stack/Web:1']])('a launch template names %s', async (_, named) => {
    const { id } = await ec2.publish(plan);
    const LaunchTemplateData = { ImageId: named(id), InstanceType: 't3.small' as const };
    await ec2.cloud.clients.ec2(REGION).send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'web', LaunchTemplateData }));
    expect(await refusal()).toContain(`launch template web version 1 in ${REGION} names ${named(id)}`);
  });

  test('an Auto Scaling group uses it', async () => {
    const { id } = await ec2.publish(plan);
    const autoScaling = ec2.cloud.clients.autoScaling(REGION);
    await autoScaling.send(new CreateLaunchConfigurationCommand({ LaunchConfigurationName: 'old', ImageId: id, InstanceType: 't3.small' }));
    await autoScaling.send(new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: 'fleet', LaunchConfigurationName: 'old', MinSize: 0, MaxSize: 0, AvailabilityZones: [`${REGION}a`],
    }));
    expect(await refusal()).toContain(`Auto Scaling group fleet in ${REGION} uses launch configuration old`);
  });

  test('a launch configuration names it', async () => {
    const { id } = await ec2.publish(plan);
    await ec2.cloud.clients.autoScaling(REGION).send(new CreateLaunchConfigurationCommand({ LaunchConfigurationName: 'old', ImageId: id, InstanceType: 't3.small' }));
    expect(await refusal()).toContain(`launch configuration old in ${REGION}`);
  });

  test('a stack names its parameter', async () => {
    await ec2.publish(plan);
    const template = { Parameters: { Image: { Type: 'String', Default: '/golden/Stack/Web' } }, Resources: { Topic: { Type: 'AWS::SNS::Topic' } } };
    await ec2.cloud.clients.cloudFormation(REGION).send(new CreateStackCommand({ StackName: 'servers', TemplateBody: JSON.stringify(template) }));
    expect(await refusal()).toContain(`the stack servers in ${REGION} names /golden/Stack/Web`);
  });
});
