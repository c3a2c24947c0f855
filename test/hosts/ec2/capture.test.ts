import { DescribeImagesCommand, DescribeSnapshotsCommand, type Image, type Tag } from '@aws-sdk/client-ec2';
import { ec2Plan, REGION } from './ec2-fixture';
import { startImages, type ImageFixture } from './image-fixture';
import { discardDraft, findDraft } from '../../../lib/hosts/ec2/drafts';
import { sampleDefinition } from '../../support/sample-plan';

let ec2: ImageFixture;
beforeAll(async () => { ec2 = await startImages(); });
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

const plan = ec2Plan({ delivery: { regions: [], description: 'A web server', tags: { team: 'web' } } });
const otherBuild = { buildId: 'b2' };
const dead = (buildId: string) => ({ buildId, intents: [] });
const times = (action: string) => ec2.aws.calls.filter((call) => call.action === action).length;

async function described(imageId: string): Promise<Image> {
  const { Images = [] } = await ec2.cloud.clients.ec2(REGION).send(new DescribeImagesCommand({ ImageIds: [imageId] }));
  return Images[0];
}

const tagsOf = (tags: readonly Tag[] = []) => Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));

describe('an image', () => {
  test('has the name of its key, a description, tags as its snapshots have them, and wants IMDSv2', async () => {
    const draft = await ec2.capture(plan);
    const image = await described(draft.id);
    expect(image).toMatchObject({
      State: 'available', Name: `web ${ec2.keysOf(plan).build.slice(0, 16)}`, Description: 'A web server', ImdsSupport: 'v2.0',
    });
    const expected = {
      'golden:managed': 'true',
      'golden:build': 'b1',
      'golden:image': 'Stack/Web',
      'golden:state': 'draft',
      'team': 'web',
      'Name': 'web',
      'golden:build-key': ec2.keysOf(plan).build,
      'golden:definition-hash': plan.definitionHash,
      'golden:delivery-hash': plan.deliveryHash,
      'golden:source': ec2.imageId,
    };
    expect(tagsOf(image.Tags)).toMatchObject(expected);
    const { Snapshots = [] } = await ec2.cloud.clients.ec2(REGION).send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
    expect(Snapshots.map(({ Tags }) => tagsOf(Tags))).toEqual([expect.objectContaining(expected)]);
  });

  test('whose making was not answered is found, not made twice', async () => {
    ec2.aws.faults.inject({ action: 'CreateImage', kind: 'timeout-after-effect' });
    const draft = await ec2.capture(plan);
    expect((await ec2.left()).images.map(({ id }) => id)).toEqual([draft.id]);
    expect(times('CreateImage')).toBe(1);
  });

  test('that an answer of 500 leaves open is found, too', async () => {
    ec2.aws.faults.inject({ action: 'CreateImage', kind: 'error-500-after-effect' });
    const draft = await ec2.capture(plan);
    expect((await ec2.left()).images.map(({ id }) => id)).toEqual([draft.id]);
    expect(times('CreateImage')).toBe(1);
  });

  test.each(['throttle', 'error-500', 'not-found'] as const)('is made after a %s', async (kind) => {
    ec2.aws.faults.inject({ action: 'CreateImage', kind });
    await ec2.capture(plan);
    expect((await ec2.left()).images).toHaveLength(1);
    expect(times('CreateImage')).toBe(2);
  });

  test('that fails is removed, and made once more', async () => {
    ec2.aws.faults.inject({ action: 'CreateImage', kind: 'async-failure' });
    const draft = await ec2.capture(plan);
    const { images, snapshots } = await ec2.left();
    expect(images.map(({ id, state }) => `${id} ${state}`)).toEqual([`${draft.id} available`]);
    expect(snapshots).toHaveLength(1);
    expect(ec2.notices()[0]).toMatch(/^EC2 could not make the image ami-[0-9a-f]+: .*\. It is made once more\.$/);
  });

  test('that fails twice is an error, and nothing of it is left', async () => {
    ec2.aws.faults.inject({ action: 'CreateImage', kind: 'async-failure', times: 2 });
    await expect(ec2.capture(plan)).rejects.toMatchObject({ code: 'capture-failed', path: 'Stack/Web' });
    const { images, snapshots } = await ec2.left();
    expect([...images, ...snapshots]).toEqual([]);
  });

  test('whose name a draft of another build has gets another one', async () => {
    const theirs = await ec2.capture(plan);
    const ours = await ec2.capture(plan, otherBuild);
    expect(ours.id).not.toBe(theirs.id);
    expect((await described(ours.id)).Name).toBe(`web ${ec2.keysOf(plan).build.slice(0, 16)} b2`);
  });

  test('whose name an image of somebody else has is an error', async () => {
    const theirs = await ec2.capture(plan);
    ec2.aws.world.region(REGION).images.get(theirs.id)!.tags.clear();
    await expect(ec2.capture(plan, otherBuild)).rejects.toMatchObject({ code: 'image-name-taken', message: expect.stringContaining(theirs.id) });
    expect((await ec2.left()).images).toHaveLength(1);
  });

  test('with another boot mode is registered from snapshots, with all else that its source has', async () => {
    const uefi = ec2Plan({
      delivery: { regions: [] },
      definition: {
        machine: {
          ...sampleDefinition.machine,
          bootMode: 'uefi',
          rootVolume: { type: 'gp3', iops: 4000, throughput: 250 },
          volumes: [{ deviceName: '/dev/sdf', type: 'gp3', sizeGiB: 5, deleteOnTermination: false }],
        },
      },
    });
    const draft = await ec2.capture(uefi);
    const [source, image] = [await described(ec2.imageId), await described(draft.id)];
    expect(image).toMatchObject({
      BootMode: 'uefi', Architecture: 'x86_64', EnaSupport: true, VirtualizationType: 'hvm', ImdsSupport: 'v2.0', RootDeviceName: source.RootDeviceName,
    });
    expect(image.BlockDeviceMappings).toHaveLength(2);
    expect(image.BlockDeviceMappings).toEqual(expect.arrayContaining([
      { DeviceName: source.RootDeviceName, Ebs: expect.objectContaining({ VolumeType: 'gp3', VolumeSize: 8, Iops: 4000, Throughput: 250, DeleteOnTermination: true }) },
      { DeviceName: '/dev/sdf', Ebs: expect.objectContaining({ VolumeSize: 5, DeleteOnTermination: false }) },
    ]));
    expect(times('CreateImage')).toBe(0);
    await discardDraft(ec2.cloud, draft);
    const { images, snapshots } = await ec2.left();
    expect([...images, ...snapshots]).toEqual([]);
  });

  test.each(['CreateSnapshot', 'RegisterImage'])('that is registered is made once where %s was not answered', async (action) => {
    const uefi = ec2Plan({ delivery: { regions: [] }, definition: { machine: { ...sampleDefinition.machine, bootMode: 'uefi' } } });
    ec2.aws.faults.inject({ action, kind: 'timeout-after-effect' });
    await ec2.capture(uefi);
    const { images, snapshots } = await ec2.left();
    expect([images.length, snapshots.length]).toEqual([1, 1]);
    expect(times(action)).toBe(1);
  });

  test('keeps the volumes of its instances that it is told to keep', async () => {
    const kept = ec2Plan({
      delivery: { regions: [] },
      definition: { machine: { ...sampleDefinition.machine, volumes: [{ deviceName: '/dev/sdf', type: 'gp3', sizeGiB: 5, deleteOnTermination: false }] } },
    });
    const { BlockDeviceMappings = [] } = await described((await ec2.capture(kept)).id);
    expect(BlockDeviceMappings.map(({ DeviceName, Ebs }) => [DeviceName, Ebs?.DeleteOnTermination])).toEqual([['/dev/xvda', true], ['/dev/sdf', false]]);
  });
});

describe('a draft', () => {
  test('of a build that was killed becomes one of the build that goes on', async () => {
    const { id } = await ec2.capture(plan);
    const found = await findDraft(ec2.cloud, plan, ec2.keysOf(plan), { ...ec2.context, ...otherBuild }, [dead('b1')]);
    expect(found).toMatchObject({ id, buildId: 'b2', region: REGION, files: [] });
    expect(tagsOf((await described(id)).Tags)).toMatchObject({ 'golden:build': 'b2', 'golden:state': 'draft' });
    expect((await ec2.left()).snapshots.map(({ tags }) => tags['golden:build'])).toEqual(['b2']);
  });

  test('of a build that is not known to be dead is left alone', async () => {
    await ec2.capture(plan);
    expect(await findDraft(ec2.cloud, plan, ec2.keysOf(plan), { ...ec2.context, ...otherBuild }, [])).toBeUndefined();
    expect(await findDraft(ec2.cloud, plan, ec2.keysOf(plan), { ...ec2.context, ...otherBuild }, [dead('b3')])).toBeUndefined();
  });

  test('that failed is removed', async () => {
    const { id } = await ec2.capture(plan);
    ec2.aws.world.region(REGION).images.get(id)!.state = 'failed';
    expect(await findDraft(ec2.cloud, plan, ec2.keysOf(plan), { ...ec2.context, ...otherBuild }, [dead('b1')])).toBeUndefined();
    expect((await ec2.left()).images).toEqual([]);
  });

  test('that is discarded leaves nothing, whatever is not answered', async () => {
    for (const kind of ['timeout-after-effect', 'not-found', 'error-500', 'throttle'] as const) {
      const draft = await ec2.capture(plan);
      for (const action of ['DeregisterImage', 'DeleteSnapshot']) { ec2.aws.faults.inject({ action, kind }); }
      await discardDraft(ec2.cloud, draft);
      const { images, snapshots } = await ec2.left();
      expect([kind, ...images, ...snapshots]).toEqual([kind]);
    }
  });

  test('that another build goes on with is not discarded', async () => {
    const draft = await ec2.capture(plan);
    await findDraft(ec2.cloud, plan, ec2.keysOf(plan), { ...ec2.context, ...otherBuild }, [dead('b1')]);
    await discardDraft(ec2.cloud, draft);
    expect((await ec2.left()).images.map(({ id }) => id)).toEqual([draft.id]);
  });
});
