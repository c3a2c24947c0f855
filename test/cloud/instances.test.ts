import {
  CreateImageCommand, DescribeImagesCommand, DescribeInstancesCommand, EC2Client, RunInstancesCommand, StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { until } from './until';
import { startCloud, type Cloud } from '../support/cloud/cloud';

let cloud: Cloud;
let ec2: EC2Client;

beforeAll(async () => {
  cloud = await startCloud();
  ec2 = new EC2Client({ endpoint: cloud.endpoint, region: cloud.region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 });
});
afterAll(async () => { ec2.destroy(); await cloud.stop(); });
afterEach(() => cloud.reset());

test('an image is made of an instance and launched from', async () => {
  const source = await debian();
  const launched = await ec2.send(new RunInstancesCommand({
    ImageId: source,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    ClientToken: 'one',
    TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'golden:build', Value: 'b1' }] }],
  }));
  const id = launched.Instances![0].InstanceId!;
  expect(launched.Instances![0].State!.Name).toBe('pending');
  await until(async () => await stateOf(id) === 'running');
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  await until(async () => await stateOf(id) === 'stopped');
  const image = await ec2.send(new CreateImageCommand({
    InstanceId: id, Name: 'web 0123456789abcdef', TagSpecifications: [{ ResourceType: 'image', Tags: [{ Key: 'a', Value: 'b' }] }],
  }));
  await until(async () => {
    const [found] = (await ec2.send(new DescribeImagesCommand({ ImageIds: [image.ImageId!] }))).Images!;
    return found.State === 'available' && found.Tags![0].Value === 'b';
  });
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await until(async () => await stateOf(id) === 'terminated');
  const left = await cloud.resources();
  expect({ images: left.images.length, snapshots: left.snapshots.length, instances: left.instances.length, volumes: left.volumes.length }).toEqual(
    { images: 1, snapshots: 1, instances: 0, volumes: 0 },
  );
  expect(cloud.calls.every(({ status }) => status === 200)).toBe(true);
});

async function debian(): Promise<string> {
  const { Images } = await ec2.send(new DescribeImagesCommand({ Owners: ['136693071363'], Filters: [{ Name: 'name', Values: ['debian-12-amd64-*'] }] }));
  return Images!.sort((a, b) => a.CreationDate! < b.CreationDate! ? 1 : -1)[0].ImageId!;
}

async function stateOf(id: string): Promise<string> {
  return (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations![0].Instances![0].State!.Name!;
}
