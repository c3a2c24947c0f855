import { DescribeInstancesCommand, DescribeSpotInstanceRequestsCommand } from '@aws-sdk/client-ec2';
import { ec2Plan, REGION } from './ec2-fixture';
import { startImages, type ImageFixture } from './image-fixture';
import { captureImage } from '../../../lib/hosts/ec2/capture';
import type { MemoryMachine, MemoryMachines } from '../../support/cloud/machines/memory-machines';
import { sampleDefinition } from '../../support/sample-plan';

let ec2: ImageFixture;
beforeAll(async () => { ec2 = await startImages(); });
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

const plan = ec2Plan({ delivery: { regions: [] }, builder: { spot: { maxPrice: '0.05' } } });

async function requests(): Promise<readonly string[]> {
  const { SpotInstanceRequests = [] } = await ec2.cloud.clients.ec2(REGION).send(new DescribeSpotInstanceRequestsCommand({}));
  return SpotInstanceRequests.map(({ State, Type, Tags }) => `${Type} ${State} ${Tags?.find(({ Key }) => Key === 'golden:build')?.Value}`);
}

test('a machine of spot capacity is captured while it is down, and its request is over when it has gone', async () => {
  const machine = await ec2.launch(plan);
  const { log } = (ec2.aws.machines as MemoryMachines).machines.get(machine.id) as MemoryMachine;
  expect(await requests()).toEqual(['one-time active b1']);

  await machine.stop(60_000);
  expect(log).toEqual([]);
  const draft = await captureImage(ec2.cloud, machine, { plan, keys: ec2.keysOf(plan) }, ec2.context);
  expect(log.slice(0, 2)).toEqual(['stop', 'capture']);
  expect(ec2.aws.calls.some(({ action }) => action === 'StopInstances')).toBe(false);
  await machine.destroy();

  const gone = async () => (await requests())[0] === 'one-time closed b1';
  while (!await gone()) { await new Promise((resolve) => setTimeout(resolve, 20)); }
  expect((await ec2.left()).images.map(({ id }) => id)).toEqual([draft.id]);
});

test('an image with a firmware of its own is built on demand: its snapshots need a machine that can be stopped', async () => {
  const uefi = ec2Plan({ builder: { spot: {} }, definition: { machine: { ...sampleDefinition.machine, bootMode: 'uefi' } } });
  const machine = await ec2.launch(uefi);
  expect(machine.spot).toBe(false);
  const { Reservations } = await ec2.cloud.clients.ec2(REGION).send(new DescribeInstancesCommand({ InstanceIds: [machine.id] }));
  expect(Reservations![0].Instances![0].InstanceLifecycle).toBeUndefined();
  expect(ec2.notices()).toEqual([expect.stringMatching(/on demand.*bootMode/)]);
});
