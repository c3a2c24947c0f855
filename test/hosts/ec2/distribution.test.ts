import { readFileSync } from 'fs';
import { join } from 'path';
import {
  CreateTagsCommand, DeleteTagsCommand, DescribeImageAttributeCommand, DescribeImagesCommand, DescribeSnapshotsCommand, ModifyImageAttributeCommand,
  type Image, type Tag,
} from '@aws-sdk/client-ec2';
import { DescribeParametersCommand, GetParameterCommand, ListTagsForResourceCommand } from '@aws-sdk/client-ssm';
import { ec2Plan, REGION } from './ec2-fixture';
import { hurriedClock } from './hurried-clock';
import { startImages, type ImageFixture } from './image-fixture';
import { artifactsOf } from '../../../lib/cli/app/artifacts';
import { wasBootTested } from '../../../lib/engine/manifest';
import { findArtifact } from '../../../lib/hosts/ec2/artifacts';
import type { Ec2Draft } from '../../../lib/hosts/ec2/capture';
import { distributeImage, reconcileImage } from '../../../lib/hosts/ec2/distribution';
import { findDraft } from '../../../lib/hosts/ec2/drafts';
import { removeImage } from '../../../lib/hosts/ec2/image-removal';
import { publishImage } from '../../../lib/hosts/ec2/publication';
import type { DeliverySpec } from '../../../lib/plan/delivery';
import type { Plan } from '../../../lib/plan/model';
import { sampleDelivery } from '../../support/sample-plan';

let ec2: ImageFixture;
beforeAll(async () => { ec2 = await startImages(); });
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

const PARAMETER = '/golden/Stack/Web';
const ACCOUNT = '111122223333';
/** What is encrypted with the key of the account cannot be shared. */
const UNENCRYPTED = { encryption: { encrypted: false } };
const calls = (action: string) => ec2.aws.calls.filter((call) => call.action === action);
const mutations = () => ec2.aws.calls.map(({ action }) => action).filter((action) => !/^(Describe|Get|List|Head)/.test(action));

function plan(delivery: Partial<DeliverySpec> = {}): Plan {
  return ec2Plan({ delivery: { regions: [{ region: 'eu-west-1' }], ...delivery } });
}

function sharing(changes: Partial<DeliverySpec['sharing']>): DeliverySpec['sharing'] {
  return { ...sampleDelivery.sharing, ...changes };
}

async function images(region: string): Promise<readonly Image[]> {
  const { Images = [] } = await ec2.cloud.clients.ec2(region).send(new DescribeImagesCommand({ Owners: ['self'] }));
  return Images;
}

async function parameter(region: string): Promise<string | undefined> {
  const { Parameter } = await ec2.cloud.clients.ssm(region).send(new GetParameterCommand({ Name: PARAMETER }));
  return Parameter?.Value;
}

const tagsOf = ({ Tags = [] }: { readonly Tags?: Tag[] }) => Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
const reconcile = async (wanted: Plan) => {
  const artifact = await findArtifact(ec2.cloud, wanted, ec2.keysOf(wanted));
  return reconcileImage(ec2.cloud, artifact!, { plan: wanted, keys: ec2.keysOf(wanted) }, ec2.context);
};

describe('a published image', () => {
  test('is in every region, says so in a parameter of each, and has a manifest beside those of other hosts', async () => {
    const { id, manifest } = await ec2.publish(plan(), { version: 1, image: 'Stack/Web', checks: { bootTest: [] } });
    const [copy] = await images('eu-west-1');
    expect(copy).toMatchObject({ State: 'available', Name: `web ${ec2.keysOf(plan()).build.slice(0, 16)}`, ImdsSupport: 'v2.0' });
    expect(tagsOf(copy)).toMatchObject({ 'golden:state': 'published', 'golden:copy-of': id, 'golden:boot-tested': 'true', 'golden:build': 'b1' });
    expect(copy.BlockDeviceMappings![0].Ebs!.Encrypted).toBe(true);
    expect([await parameter(REGION), await parameter('eu-west-1')]).toEqual([id, copy.ImageId]);
    expect(manifest).toMatchObject({ images: { [REGION]: id, 'eu-west-1': copy.ImageId }, parameter: PARAMETER, files: [] });

    const [own] = (await images(REGION)).filter(({ ImageId }) => ImageId === id);
    expect(tagsOf(own)).toMatchObject({ 'golden:state': 'published', 'golden:regions': 'eu-west-1' });
    expect(tagsOf(own)).not.toHaveProperty('golden:lease');
    const { snapshots } = await ec2.left();
    expect(snapshots.map(({ tags, region }) => [region, tags['golden:state'], tags['golden:lease']]).sort()).toEqual([['eu-west-1', 'published', undefined], [REGION, 'published', undefined]]);

    const [listed] = artifactsOf(ec2.cloud.outputFolder, 'Stack/Web');
    expect(listed).toMatchObject({ buildKey: ec2.keysOf(plan()).build, definitionHash: plan().definitionHash, bytes: 0 });
    expect(JSON.parse(readFileSync(join(listed.folder, 'manifest.json'), 'utf8'))).toEqual(manifest);
  });

  test('has a parameter that AWS checks, with our tags', async () => {
    await ec2.publish(plan());
    const ssm = ec2.cloud.clients.ssm(REGION);
    const { Parameters = [] } = await ssm.send(new DescribeParametersCommand({ Filters: [{ Key: 'Name', Values: [PARAMETER] }] }));
    expect(Parameters[0]).toMatchObject({ Type: 'String', DataType: 'aws:ec2:image', Description: 'AMI of Stack/Web' });
    const { TagList = [] } = await ssm.send(new ListTagsForResourceCommand({ ResourceType: 'Parameter', ResourceId: PARAMETER }));
    expect(Object.fromEntries(TagList.map(({ Key, Value }) => [Key, Value]))).toMatchObject({ 'golden:managed': 'true', 'golden:definition-hash': plan().definitionHash });
  });

  test('is published where its parameter names it, which AWS does a while after it said so', async () => {
    ec2.aws.settings.parameterMs = 300;
    await ec2.publish(plan({ regions: [] }));
    expect(await parameter(REGION)).toMatch(/^ami-/);
  });

  test('is none where AWS does not let its parameter name it, as without the right to see it', async () => {
    ec2.aws.settings.parameterMs = 100_000;
    const wanted = plan({ regions: [] });
    const draft = await ec2.capture(wanted);
    await distributeImage(ec2.cloud, draft, { plan: wanted, keys: ec2.keysOf(wanted) }, ec2.context);
    const publication = publishImage({ ...ec2.cloud, clock: hurriedClock(100) }, draft, { version: 1, checks: {} }, ec2.context);
    await expect(publication).rejects.toMatchObject({ code: 'parameter-not-written', hint: expect.stringContaining('ec2:DescribeImages') });
    expect(tagsOf((await images(REGION))[0])['golden:state']).toBe('draft');
  });

  test('is found by its key, with what the manifest says of its boot test, here and on other computers', async () => {
    const { id, manifest } = await ec2.publish(plan(), { version: 1, checks: { bootTest: [{ check: 'a' }] } });
    const keys = ec2.keysOf(plan());
    const here = await findArtifact(ec2.cloud, plan(), keys);
    expect(here).toMatchObject({ id, buildKey: keys.build, files: [], manifest });
    const elsewhere = await findArtifact({ ...ec2.cloud, outputFolder: '/nonexistent' }, plan(), keys);
    expect(elsewhere).toMatchObject({ id, manifest: { definitionHash: plan().definitionHash, image: 'Stack/Web' } });
    expect([here, elsewhere].map((artifact) => wasBootTested(artifact!.manifest))).toEqual([true, true]);
  });

  test('that was not booted does not say it was', async () => {
    await ec2.publish(plan({ regions: [] }));
    const artifact = await findArtifact({ ...ec2.cloud, outputFolder: '/nonexistent' }, plan(), ec2.keysOf(plan()));
    expect(wasBootTested(artifact!.manifest)).toBe(false);
  });

  test('is no more once it was deregistered, and a draft is none', async () => {
    const { id } = await ec2.publish(plan({ regions: [] }));
    const [image] = (await images(REGION)).filter(({ ImageId }) => ImageId === id);
    await removeImage(ec2.cloud, REGION, image);
    expect(await findArtifact(ec2.cloud, plan(), ec2.keysOf(plan()))).toBeUndefined();
    await ec2.capture(plan());
    expect(await findArtifact(ec2.cloud, plan(), ec2.keysOf(plan()))).toBeUndefined();
  });

  test('is published by who goes on with it, where who began was killed between parameter and tag', async () => {
    const draft = await ec2.capture(plan());
    await distributeImage(ec2.cloud, draft, { plan: plan(), keys: ec2.keysOf(plan()) }, ec2.context);
    ec2.aws.settings.denied = [`ec2:CreateTags@${REGION}`];
    await expect(publishImage(ec2.cloud, draft, {}, ec2.context)).rejects.toMatchObject({ code: 'access-denied' });
    expect(await findArtifact(ec2.cloud, plan(), ec2.keysOf(plan()))).toBeUndefined();
    ec2.aws.settings.denied = [];
    await publishImage(ec2.cloud, draft, {}, ec2.context);
    expect(await findArtifact(ec2.cloud, plan(), ec2.keysOf(plan()))).toMatchObject({ id: draft.id });
  });
});

describe('a draft', () => {
  const wanted = () => ec2Plan({ delivery: { ...UNENCRYPTED, regions: [] } });
  const distribute = (draft: Ec2Draft) => distributeImage(ec2.cloud, draft, { plan: wanted(), keys: ec2.keysOf(wanted()) }, ec2.context);

  test('that was made a moment ago is shared with nobody, and nobody asks', async () => {
    await distribute(await ec2.capture(wanted()));
    expect([...calls('DescribeImageAttribute'), ...calls('DescribeSnapshotAttribute')]).toEqual([]);
  });

  test('that an earlier build made is taken back from those whom it is not for', async () => {
    const { id, buildId } = await ec2.capture(wanted());
    const client = ec2.cloud.clients.ec2(REGION);
    await client.send(new ModifyImageAttributeCommand({ ImageId: id, LaunchPermission: { Add: [{ UserId: ACCOUNT }] } }));
    await distribute((await findDraft(ec2.cloud, wanted(), ec2.keysOf(wanted()), ec2.context, [{ buildId, intents: [] }]))!);
    const { LaunchPermissions = [] } = await client.send(new DescribeImageAttributeCommand({ ImageId: id, Attribute: 'launchPermission' }));
    expect(LaunchPermissions).toEqual([]);
  });
});

describe('a copy', () => {
  test.each(['timeout-after-effect', 'error-500', 'throttle', 'not-found', 'error-500-after-effect'] as const)('is made once, through a %s', async (kind) => {
    ec2.aws.faults.inject({ action: 'CopyImage', kind });
    await ec2.publish(plan());
    expect(await images('eu-west-1')).toHaveLength(1);
  });

  test('that fails is removed, and made once more', async () => {
    ec2.aws.faults.inject({ action: 'CopyImage', kind: 'async-failure' });
    await ec2.publish(plan());
    expect((await images('eu-west-1')).map(({ State }) => State)).toEqual(['available']);
    expect(ec2.notices()[0]).toMatch(/^EC2 could not copy ami-[0-9a-f]+ to eu-west-1: .*\. It is copied once more\.$/);
  });

  test('that fails twice is an error; those in other regions come to their end first', async () => {
    ec2.aws.faults.inject({ action: 'CopyImage', region: 'eu-west-1', kind: 'async-failure', times: 2 });
    const two = plan({ regions: [{ region: 'eu-west-1' }, { region: 'ap-south-1' }] });
    await expect(ec2.publish(two)).rejects.toMatchObject({ code: 'copy-failed', message: expect.stringContaining('eu-west-1') });
    expect([await images('eu-west-1'), (await images('ap-south-1')).map(({ State }) => State)]).toEqual([[], ['available']]);
  });

  test('is adopted where an earlier try had begun it', async () => {
    const draft = await ec2.capture(plan());
    const request = { plan: plan(), keys: ec2.keysOf(plan()) };
    await distributeImage(ec2.cloud, draft, request, ec2.context);
    await distributeImage(ec2.cloud, draft, request, { ...ec2.context, buildId: 'b2' });
    expect(calls('CopyImage')).toHaveLength(1);
  });

  test('is encrypted with the key of its region', async () => {
    const key = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';
    await ec2.publish(plan({ regions: [{ region: 'eu-west-1', encryptionKey: { type: 'literal', value: key } }] }));
    const { Snapshots = [] } = await ec2.cloud.clients.ec2('eu-west-1').send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
    expect(Snapshots.map(({ KmsKeyId }) => KmsKeyId)).toEqual([key]);
  });
});

describe('reconciling', () => {
  test('changes nothing where nothing differs', async () => {
    const wanted = plan({ ...UNENCRYPTED, sharing: sharing({ accounts: [ACCOUNT], snapshots: true }), deprecateAfterDays: 30, deregistrationProtection: 'enabled' });
    await ec2.publish(wanted);
    ec2.aws.calls.length = 0;
    expect(await reconcile(wanted)).toEqual([]);
    expect(mutations()).toEqual([]);
  });

  test('changes what differs, and says what', async () => {
    const { id } = await ec2.publish(plan({ ...UNENCRYPTED, regions: [], sharing: sharing({ accounts: [ACCOUNT, '444455556666'] }) }));
    const changed = plan({
      ...UNENCRYPTED,
      regions: [],
      description: 'Another',
      tags: { team: 'core' },
      deprecateAfterDays: 30,
      deregistrationProtection: 'enabled',
      sharing: sharing({ accounts: [ACCOUNT, '777788889999'] }),
    });
    const lines = await reconcile(changed);
    expect(lines.map((line) => line.replace(/from .*Z on/, 'from TIME on')).sort()).toEqual([
      `deprecated ${id} in ${REGION} from TIME on`,
      `described ${id} in ${REGION} anew`,
      `no longer shared ${id} in ${REGION} with the account 444455556666`,
      `protected ${id} in ${REGION} from deregistration`,
      `shared ${id} in ${REGION} with the account 777788889999`,
      `tagged ${id} in ${REGION} with team`,
    ].sort());
    const [image] = (await images(REGION)).filter(({ ImageId }) => ImageId === id);
    expect(image).toMatchObject({ Description: 'Another', DeregistrationProtection: expect.stringMatching(/^enabled/) });
    const afterDays = Date.parse(image.DeprecationTime!) - Date.parse(image.CreationDate!) - 30 * 86_400_000;
    // Whole minutes are what AWS keeps.
    expect(afterDays >= 0 && afterDays <= 60_000).toBe(true);
    expect(tagsOf(image)).toMatchObject({ 'team': 'core', 'golden:delivery-hash': changed.deliveryHash });
    expect(await reconcile(changed)).toEqual([]);

    const last = plan({
      ...UNENCRYPTED, regions: [], description: 'Another', tags: { team: 'core' }, sharing: sharing({ accounts: [ACCOUNT, '777788889999'] }),
    });
    expect([...await reconcile(last)].sort()).toEqual([
      `no longer deprecated ${id} in ${REGION}`,
      `no longer protected ${id} in ${REGION} from deregistration`,
    ]);
  });

  test('takes away tags that an earlier plan gave, on copies and snapshots too, and leaves those that others gave or changed', async () => {
    const { id } = await ec2.publish(plan({ tags: { 'Name': 'ours', 'cost center': 'a, b', 'stage': 'dev', 'team': 'web' } }));
    const [copy] = await images('eu-west-1');
    const tag = (region: string, Resources: string[], Tags: { Key: string; Value: string }[]) => (
      ec2.cloud.clients.ec2(region).send(new CreateTagsCommand({ Resources, Tags }))
    );
    await tag(REGION, [id], [{ Key: 'owner', Value: 'somebody' }, { Key: 'stage', Value: 'prod' }]);
    const fewer = plan({ tags: { team: 'web' } });

    expect([...await reconcile(fewer)].sort()).toEqual([
      `tagged ${id} in ${REGION} with Name`, `tagged ${copy.ImageId} in eu-west-1 with Name`,
      `took the tag cost center from ${id} in ${REGION}`, `took the tag cost center from ${copy.ImageId} in eu-west-1`,
      `took the tag stage from ${copy.ImageId} in eu-west-1`,
    ].sort());

    const given = async (region: string) => Object.fromEntries(Object.entries(tagsOf((await images(region))[0])).filter(([key]) => !key.startsWith('golden:')));
    expect(await given(REGION)).toEqual({ Name: 'web', owner: 'somebody', stage: 'prod', team: 'web' });
    expect(await given('eu-west-1')).toEqual({ Name: 'web', team: 'web' });
    const { Snapshots: [snapshot] = [] } = await ec2.cloud.clients.ec2(REGION).send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
    expect(Object.keys(tagsOf(snapshot)).filter((key) => !key.startsWith('golden:')).sort()).toEqual(['Name', 'stage', 'team']);
    expect(await reconcile(fewer)).toEqual([]);
  });

  test('leaves the tags of images that do not say which were given', async () => {
    const { id } = await ec2.publish(plan({ regions: [], tags: { stage: 'dev' } }));
    await ec2.cloud.clients.ec2(REGION).send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: 'golden:given-tags' }] }));
    expect(await reconcile(plan({ regions: [], tags: {} }))).toEqual([]);
    expect(tagsOf((await images(REGION))[0])).toMatchObject({ stage: 'dev' });
  });

  test('copies to regions that are new, and publishes there', async () => {
    const { id } = await ec2.publish(plan({ regions: [] }));
    const lines = await reconcile(plan());
    const [copy] = await images('eu-west-1');
    expect(lines).toEqual([`copied ${id} to eu-west-1: ${copy.ImageId}`, `wrote ${copy.ImageId} into ${PARAMETER} in eu-west-1`]);
    expect(tagsOf(copy)['golden:state']).toBe('published');
    expect(tagsOf(copy)).not.toHaveProperty('golden:lease');
    expect(await parameter('eu-west-1')).toBe(copy.ImageId);
  });

  test('leaves copies in regions that are no longer named, and says so', async () => {
    const { id } = await ec2.publish(plan());
    await reconcile(plan({ regions: [] }));
    expect(await images('eu-west-1')).toHaveLength(1);
    expect(ec2.notices()).toEqual([`Copies of ${id} remain in eu-west-1, which the image no longer names. Remove them there once nobody uses them.`]);
  });

  test('makes copies anew that somebody removed, and writes parameters anew', async () => {
    await ec2.publish(plan());
    const [copy] = await images('eu-west-1');
    await removeImage(ec2.cloud, 'eu-west-1', copy);
    await reconcile(plan());
    const [anew] = await images('eu-west-1');
    expect(anew.ImageId).not.toBe(copy.ImageId);
    expect(await parameter('eu-west-1')).toBe(anew.ImageId);
  });
});
