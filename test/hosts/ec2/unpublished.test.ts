import { CreateTagsCommand, DescribeImagesCommand } from '@aws-sdk/client-ec2';
import { ec2Plan } from './ec2-fixture';
import { startImages, type ImageFixture } from './image-fixture';
import { LeapingClock } from './leaping-clock';
import { systemClock } from '../../../lib/cli/wiring';
import { distributeImage } from '../../../lib/hosts/ec2/distribution';
import { discardDraft, findDraft } from '../../../lib/hosts/ec2/drafts';
import { removeBuild } from '../../../lib/hosts/ec2/garbage';
import { publishedId, retractParameters, type ToldParameter } from '../../../lib/hosts/ec2/parameters';
import { publishImage } from '../../../lib/hosts/ec2/publication';
import type { Clock } from '../../../lib/ports/clock';

const OTHER = 'eu-west-1';

let ec2: ImageFixture;
beforeAll(async () => { ec2 = await startImages(); }, 120_000);
afterAll(() => ec2.stop());
beforeEach(() => ec2.reset());

interface Intent { readonly act: string; readonly detail: { readonly [key: string]: unknown } }

/** How long SSM looks at an AMI before it writes its ID. */
const WRITTEN_MS = 1_000;

const plan = ec2Plan({ delivery: { regions: [{ region: OTHER }] } });

/* The last thing that makes a build published is the tag of its image at home: here it is refused, when all else is done. */
async function publishInVain(given = plan) {
  const intents: Intent[] = [];
  const context: typeof ec2.context = { ...ec2.context, intend: async (act, detail) => { intents.push({ act, detail }); } };
  const draft = await ec2.capture(given, context);
  await distributeImage(ec2.cloud, draft, { plan: given, keys: ec2.keysOf(given) }, context);
  ec2.aws.settings.denied = ['ec2:CreateTags@us-east-2'];
  await expect(publishImage(ec2.cloud, draft, {}, context)).rejects.toMatchObject({ code: 'access-denied' });
  ec2.aws.settings.denied = [];
  return { draft, intents };
}

/* Interrupted while SSM has answered and not written yet. */
async function publishHastily() {
  const intents: Intent[] = [];
  const interruption = new AbortController();
  const context: typeof ec2.context = {
    ...ec2.context, signal: interruption.signal, intend: async (act, detail) => { intents.push({ act, detail }); },
  };
  const draft = await ec2.capture(plan, context);
  await distributeImage(ec2.cloud, draft, { plan, keys: ec2.keysOf(plan) }, context);
  ec2.aws.settings.parameterMs = WRITTEN_MS;
  const sleep: Clock['sleep'] = (milliseconds, signal) => {
    interruption.abort();
    return systemClock.sleep(milliseconds, signal);
  };
  await expect(publishImage({ ...ec2.cloud, clock: { ...systemClock, sleep } }, draft, {}, context)).rejects.toMatchObject({ code: 'interrupted' });
  return { draft, intents };
}

const published = (region: string) => publishedId(ec2.cloud, region, plan.delivery.parameterName);

describe('an image that was told of and not published', () => {
  test('is taken back by its own build: parameters, copies that said that they are published, and all', async () => {
    const { draft } = await publishInVain();
    expect(await published('us-east-2')).toBe(draft.id);
    await discardDraft(ec2.cloud, draft);
    const { images, snapshots, parameters } = await ec2.left();
    expect([...images, ...snapshots, ...parameters]).toEqual([]);
  });

  test('is taken back by whoever removes what its build left when it was killed', async () => {
    const { draft, intents } = await publishInVain();
    expect(await published(OTHER)).toBeDefined();
    await removeBuild(ec2.cloud, { buildId: draft.buildId, intents }, ec2.context);
    const { images, snapshots, parameters } = await ec2.left();
    expect([...images, ...snapshots, ...parameters]).toEqual([]);
  });

  test.each(['its own build', 'whoever removes what its build left'])('is taken back by %s from parameters that SSM writes only after the end', async (who) => {
    const { draft, intents } = await publishHastily();
    expect([await published('us-east-2'), await published(OTHER)]).toEqual([undefined, undefined]);
    await (who === 'its own build' ? discardDraft(ec2.cloud, draft) : removeBuild(ec2.cloud, { buildId: draft.buildId, intents }, ec2.context));
    await systemClock.sleep(WRITTEN_MS);
    expect((await ec2.left()).parameters).toEqual([]);
  });

  test.each([
    ['by the clock of another computer will be told of tomorrow', '2026-01-02T00:00:00Z', 11_100],
    ['was told of by a version that did not write down when', undefined, 0],
  ])('that %s is waited for no longer than SSM takes', async (_, at, milliseconds) => {
    const clock = new LeapingClock();
    const told = { region: OTHER, name: '/golden/none', imageId: 'ami-12345678', ...at && { at: Date.parse(at) } } as ToldParameter;
    expect(await retractParameters({ ...ec2.cloud, clock }, [told])).toEqual([]);
    expect(clock.now() - Date.parse('2026-01-01T00:00:00Z')).toBe(milliseconds);
  });

  test('is taken back by the build that went on with it, though another one told of it', async () => {
    const { draft, intents } = await publishInVain();
    const own: Intent[] = [];
    const next: typeof ec2.context = { ...ec2.context, buildId: 'b2', intend: async (act, detail) => { own.push({ act, detail }); } };
    const adopted = await findDraft(ec2.cloud, plan, ec2.keysOf(plan), next, [{ buildId: draft.buildId, intents }]);
    await discardDraft(ec2.cloud, adopted!);
    expect(await ec2.left()).toMatchObject({ images: [], snapshots: [], parameters: [] });
    const told = (all: readonly Intent[]) => all.filter(({ act }) => act === 'ec2-parameter');
    // For whoever removes what that build left, where it is killed too.
    expect(told(own)).toEqual(told(intents));
    expect(told(own)).toHaveLength(2);
  });

  test('gives its parameters back to the image before it', async () => {
    const { id } = await ec2.publish(plan);
    const copy = await published(OTHER);
    const { draft } = await publishInVain();
    await discardDraft(ec2.cloud, draft);
    expect([await published('us-east-2'), await published(OTHER)]).toEqual([id, copy]);
    expect((await ec2.left()).images.map((image) => image.id).sort()).toEqual([id, copy].sort());
  });
});

test('an image that says that it is published stays so, and is finished, whoever interrupts what is left to do', async () => {
  const interruption = new AbortController();
  const wanted = ec2Plan({ delivery: { regions: [], deregistrationProtection: 'enabled' } });
  const draft = await ec2.capture(wanted);
  const { clients } = ec2.cloud;
  const own = clients.ec2('us-east-2');
  // Interrupted by the answer that makes it published.
  const send: typeof own.send = async (command, options) => {
    const answer = await own.send(command, options);
    if (command instanceof CreateTagsCommand) { interruption.abort(); }
    return answer;
  };
  const interrupted = Object.create(clients, { ec2: { value: () => ({ send }) } }) as typeof clients;
  const artifact = await publishImage({ ...ec2.cloud, clients: interrupted }, draft, {}, { ...ec2.context, signal: interruption.signal });
  expect(interruption.signal.aborted).toBe(true);
  expect(artifact.id).toBe(draft.id);
  const { Images: [image] = [] } = await own.send(new DescribeImagesCommand({ ImageIds: [draft.id] }));
  expect(image.DeregistrationProtection).toBe('enabled-without-cooldown');
  const tags = Object.fromEntries(image.Tags!.map(({ Key, Value }) => [Key, Value]));
  expect(tags).toMatchObject({ 'golden:state': 'published' });
  expect(tags).not.toHaveProperty('golden:lease');
});

test('an image whose lease may not be taken away is published all the same, with a warning', async () => {
  ec2.aws.settings.denied = ['ec2:DeleteTags'];
  const { id } = await ec2.publish(plan);
  ec2.aws.settings.denied = [];
  expect(await published('us-east-2')).toBe(id);
  expect(ec2.notices()).toContainEqual(expect.stringContaining(`The tag golden:lease stays on ${id} in us-east-2. Not allowed: ec2:DeleteTags`));
});
