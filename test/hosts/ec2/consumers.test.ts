import { ec2Plan, REGION } from './ec2-fixture';
import { startImages, type ImageFixture } from './image-fixture';
import { systemClock } from '../../../lib/cli/wiring';
import { findArtifact } from '../../../lib/hosts/ec2/artifacts';
import { openCloud, type Cloud } from '../../../lib/hosts/ec2/cloud';
import { guardConsumers } from '../../../lib/hosts/ec2/consumers';
import { distributeImage, reconcileImage } from '../../../lib/hosts/ec2/distribution';
import { discardDraft } from '../../../lib/hosts/ec2/drafts';
import { removeBuild } from '../../../lib/hosts/ec2/garbage';
import { publishedId, removeParameter, withinAccount } from '../../../lib/hosts/ec2/parameters';
import { publishImage } from '../../../lib/hosts/ec2/publication';
import { removeArtifacts } from '../../../lib/hosts/ec2/removal';

const OTHER = 'eu-west-1';
const ACCOUNT = '222222222222';

let ec2: ImageFixture;
beforeAll(async () => { ec2 = await startImages(); }, 120_000);
afterAll(() => ec2?.stop());
/** Each test has credentials of its own: the account forgets those of the one before. */
let cloud: Cloud;
beforeEach(async () => {
  await ec2.reset();
  cloud = openCloud({ clock: systemClock, outputFolder: ec2.cloud.outputFolder, region: REGION });
});

const consumers = [REGION, OTHER].map((region) => ({ account: ACCOUNT, region, roleName: 'golden-delivery' }));
const plan = ec2Plan({ delivery: { regions: [{ region: OTHER }], consumers } });
const { parameterName } = plan.delivery;
const abroad = (): Cloud => withinAccount(cloud, `arn:aws:iam::${ACCOUNT}:role/golden-delivery`);
const named = () => Promise.all([REGION, OTHER].map((region) => publishedId(abroad(), region, parameterName)));
const parameters = async () => (await ec2.left()).parameters;
const reconcile = async () => {
  const keys = ec2.keysOf(plan);
  return reconcileImage(cloud, (await findArtifact(cloud, plan, keys))!, { plan, keys }, ec2.context);
};

async function publish() {
  const draft = await ec2.capture(plan);
  await distributeImage(cloud, draft, { plan, keys: ec2.keysOf(plan) }, ec2.context);
  return publishImage(cloud, draft, { version: 1, checks: {} }, ec2.context);
}

/** What is there in the account of the consumer. */
async function publishedAbroad(): Promise<readonly string[]> {
  return (await named()).flatMap((value) => value ?? []);
}

test('an image is told of in other accounts, in each region by its copy there', async () => {
  const { id, manifest } = await publish();
  const { images } = manifest as unknown as { readonly images: { readonly [region: string]: string } };
  expect(await named()).toEqual([id, images[OTHER]]);
  expect(await reconcile()).toEqual([]);
});

test('a parameter that is gone there is written again, without a build', async () => {
  const { id } = await publish();
  await removeParameter(abroad(), REGION, parameterName);
  expect(await reconcile()).toEqual([`wrote ${id} into ${parameterName} in ${REGION} of the account ${ACCOUNT}`]);
  expect((await named())[0]).toBe(id);
});

test.each<[string, (draft: Awaited<ReturnType<typeof ec2.capture>>, intents: { act: string; detail: object }[]) => Promise<unknown>]>([
  ['by its own build', (draft) => discardDraft(cloud, draft)],
  ['by whoever removes what its build left', (draft, intents) => (
    removeBuild(cloud, { buildId: draft.buildId, intents: intents as never }, ec2.context)
  )],
])('what was told there of an image that was not published is taken back %s', async (_, takeBack) => {
  const intents: { act: string; detail: object }[] = [];
  const context: typeof ec2.context = { ...ec2.context, intend: async (act, detail) => { intents.push({ act, detail }); } };
  const draft = await ec2.capture(plan, context);
  await distributeImage(cloud, draft, { plan, keys: ec2.keysOf(plan) }, context);
  // The last parameter, that at home, is refused.
  const inVain = {
    ...context,
    intend: async (act: string, detail: { readonly [key: string]: string | number }) => {
      await context.intend(act, detail);
      if (act === 'ec2-parameter' && detail.region === REGION && !('roleArn' in detail)) { throw new Error('the disk is full'); }
    },
  };
  await expect(publishImage(cloud, draft, {}, inVain)).rejects.toThrow('the disk is full');
  expect(await publishedAbroad()).toHaveLength(2);
  await takeBack(draft, intents);
  expect(await publishedAbroad()).toEqual([]);
  expect(await parameters()).toEqual([]);
});

test('an image is removed with its parameters there, with its plan and by what it says itself', async () => {
  await publish();
  expect((await removeArtifacts(cloud, { image: plan.image }, { dryRun: true }, ec2.context)).slice(0, 2)).toEqual([
    `parameter ${parameterName} in ${REGION} of the account ${ACCOUNT}`, `parameter ${parameterName} in ${OTHER} of the account ${ACCOUNT}`,
  ]);
  expect(await publishedAbroad()).toHaveLength(2);
  await removeArtifacts(cloud, { image: plan.image }, { dryRun: false }, ec2.context);
  expect(await publishedAbroad()).toEqual([]);
  const { images, snapshots } = await ec2.left();
  expect([...images, ...snapshots, ...await parameters()]).toEqual([]);
});

test('only the image of this very path is removed, whatever would be a wildcard in it', async () => {
  await publish();
  expect(await removeArtifacts(cloud, { image: 'Stack/*' }, { dryRun: false }, ec2.context)).toEqual([]);
});

test('an account without the role says what to deploy there first', async () => {
  ec2.aws.settings.denied = ['sts:AssumeRole'];
  await expect(guardConsumers(cloud, plan)).rejects.toMatchObject({
    code: 'no-delivery-role',
    path: plan.image,
    message: expect.stringContaining(`Stacks of the account ${ACCOUNT} use the image, and it cannot be told to them: `),
    hint: expect.stringMatching(/^Deploy the construct DeliveryRole in the account 222222222222 first, .*arn:aws:.*sts:AssumeRole on arn:aws:iam::222222222222:role\/golden-delivery\.$/),
  });
});
