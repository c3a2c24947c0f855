import { codeOf } from './cases/case';
import { cloudClients, debian, launch, reach, running, type CloudClients } from './cloud-clients';
import { until } from './until';
import { startCloud, type Cloud } from '../support/cloud/cloud';
import type { FaultKind } from '../support/cloud/faults';
import { MemoryMachines, type MemoryMachine } from '../support/cloud/machines/memory-machines';

let cloud: Cloud;
let to: CloudClients;
const machines = new MemoryMachines();

beforeAll(async () => {
  cloud = await startCloud({ machines });
  to = cloudClients(cloud);
});
afterAll(async () => { to.end(); await cloud.stop(); });
afterEach(() => cloud.reset());

test.each<[FaultKind, string, number]>([
  ['throttle', 'RequestLimitExceeded', 0], ['error-500', 'InternalError', 0], ['access-denied', 'UnauthorizedOperation', 0],
  ['not-found', 'InvalidAMIID.NotFound', 0], ['capacity', 'InsufficientInstanceCapacity', 0], ['error-500-after-effect', 'InternalError', 1],
])('%s is %s, and %d instances come of it', async (kind, code, instances) => {
  const ImageId = await debian(to.ec2);
  cloud.faults.inject({ action: 'RunInstances', kind });
  expect(await codeOf(launch(to.ec2, { ImageId }))).toBe(code);
  expect((await cloud.resources()).instances).toHaveLength(instances);
  await launch(to.ec2, { ImageId });
});

test('a call that times out has happened, and the same one with its token gives its answer', async () => {
  const request = { ImageId: await debian(to.ec2), ClientToken: 'token' };
  cloud.faults.inject({ action: 'RunInstances', kind: 'timeout-after-effect' });
  expect(await codeOf(launch(to.ec2, request))).toMatch(/Error|ECONNRESET/);
  expect((await cloud.resources()).instances).toMatchObject([{ id: (await launch(to.ec2, request)).InstanceId }]);
  expect(cloud.calls.filter(({ action }) => action === 'RunInstances').map(({ status }) => status)).toEqual([0, 200]);
});

test('a fault can wait for the n-th call, and stay for several', async () => {
  cloud.faults.inject({ action: 'DescribeRegions', kind: 'throttle', nth: 2, times: 2 });
  const said: string[] = [];
  for (let i = 0; i < 4; i++) { said.push(await to.ec2.describeRegions({}).then(() => 'done', (error: Error) => error.name)); }
  expect(said).toEqual(['done', 'RequestLimitExceeded', 'RequestLimitExceeded', 'done']);
});

test('S3 and Systems Manager have faults of their own', async () => {
  await to.s3.createBucket({ Bucket: 'staging', CreateBucketConfiguration: { LocationConstraint: 'us-east-2' } });
  cloud.faults.inject({ action: 'PutObject', kind: 'throttle' });
  expect(await codeOf(to.s3.putObject({ Bucket: 'staging', Key: 'k', Body: 'x' }))).toBe('SlowDown');
  cloud.faults.inject({ action: 'PutObject', kind: 'timeout-after-effect' });
  expect(await codeOf(to.s3.putObject({ Bucket: 'staging', Key: 'k', Body: 'x' }))).toMatch(/Error|ECONNRESET/);
  expect((await to.s3.headObject({ Bucket: 'staging', Key: 'k' })).ContentLength).toBe(1);
  cloud.faults.inject({ action: 'PutParameter', kind: 'throttle' });
  expect(await codeOf(to.ssm.putParameter({ Name: 'a', Value: 'b', Type: 'String' }))).toBe('ThrottlingException');
});

test('what a policy denies nobody may do, in one region or in all', async () => {
  cloud.settings.denied = ['ec2:DescribeRegions@eu-west-1', 'ssm:*'];
  expect(await codeOf(to.west.describeRegions({}))).toBe('UnauthorizedOperation');
  await to.ec2.describeRegions({});
  expect(await codeOf(to.ssm.describeParameters({}))).toBe('AccessDeniedException');
});

test('requests are counted by the buckets of EC2', async () => {
  const ImageId = await debian(to.ec2);
  cloud.settings.buckets = true;
  const said = await Promise.all(Array.from({ length: 9 }, () => launch(to.ec2, { ImageId }).then(() => 'done', (error: Error) => error.name)));
  expect(said.filter((one) => one === 'RequestLimitExceeded').length).toBeGreaterThan(0);
  expect(said.filter((one) => one === 'done').length).toBeGreaterThanOrEqual(5);
});

test('a machine that shuts itself down ends its instance as the launch said', async () => {
  const [stopping, ending] = [await running(to.ec2), await running(to.ec2, { InstanceInitiatedShutdownBehavior: 'terminate' })];
  for (const id of [stopping, ending]) { machineOf(id).go('poweroff'); }
  await reach(to.ec2, stopping, 'stopped');
  await reach(to.ec2, ending, 'terminated');
  expect((await cloud.resources()).volumes).toHaveLength(1);
});

test('a machine that hangs stays running, and its status says so', async () => {
  const id = await running(to.ec2);
  machineOf(id).go('crash');
  expect((await to.ec2.describeInstanceStatus({ InstanceIds: [id] })).InstanceStatuses).toMatchObject([{ InstanceStatus: { Status: 'impaired' } }]);
});

test('a machine that cannot be started is a terminated instance with a reason', async () => {
  cloud.faults.inject({ action: 'RunInstances', kind: 'async-failure' });
  const { InstanceId } = await launch(to.ec2);
  await reach(to.ec2, InstanceId!, 'terminated');
  const [{ Instances }] = (await to.ec2.describeInstances({ InstanceIds: [InstanceId!] })).Reservations!;
  expect(Instances![0].StateReason!.Code).toBe('Server.InternalError');
});

test('the disk of an image is what its instance had, and goes with its last snapshot', async () => {
  const id = await running(to.ec2);
  const { ImageId } = await to.ec2.createImage({ InstanceId: id, Name: 'one' });
  await until(async () => (await to.ec2.describeImages({ ImageIds: [ImageId!] })).Images![0].State === 'available');
  const copy = await to.west.copyImage({ Name: 'one', SourceImageId: ImageId, SourceRegion: cloud.region });
  await until(async () => (await to.west.describeImages({ ImageIds: [copy.ImageId!] })).Images![0].State === 'available');
  const second = await running(to.west, { ImageId: copy.ImageId });
  expect(machineOf(second, 'eu-west-1').request.imageDisk.id).toBe('debian-12+1');
  await to.ec2.deregisterImage({ ImageId, DeleteAssociatedSnapshots: true });
  expect([...machines.disks]).toEqual(['debian-12+1']);
  await to.west.deregisterImage({ ImageId: copy.ImageId, DeleteAssociatedSnapshots: true });
  expect([...machines.disks]).toEqual([]);
});

function machineOf(id: string, region = cloud.region): MemoryMachine {
  return cloud.world.region(region).instances.get(id)!.machine as MemoryMachine;
}
