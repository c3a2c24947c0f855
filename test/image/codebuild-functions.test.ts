import { END_FUNCTION } from '../../lib/image/codebuild/functions/end-function';
import { IMAGE_FUNCTION } from '../../lib/image/codebuild/functions/image-function';
import { START_FUNCTION } from '../../lib/image/codebuild/functions/start-function';
import { FunctionWorld } from '../support/function-world';

let world: FunctionWorld;
beforeEach(async () => {
  world = new FunctionWorld();
  await world.start();
});
afterEach(() => world.stop());

const PARAMETER = '/golden/images/abc';
const RESOURCE = { StackId: 'arn:stack', RequestId: 'request-1', LogicalResourceId: 'Resource' };

const asked = (RequestType: string, ResourceProperties: object, more: object = {}) => ({
  ...RESOURCE, RequestType, ResponseURL: world.url('/answer'), ResourceProperties, ...more,
});
const part = (number: number, more: object = {}) => ({
  Part: String(number),
  Handle: world.url(`/handle-${number}`),
  FirstHandle: world.url('/handle-0'),
  Parameter: PARAMETER,
  DefinitionHash: 'definition',
  DeliveryHash: 'delivery',
  ...more,
});
const start = (RequestType: string, number = 0, more: object = {}) => world.run(START_FUNCTION, asked(RequestType, part(number, more)));
const end = (id: string, environment?: object) => world.run(END_FUNCTION, { detail: { 'build-id': `arn:aws:codebuild:us-east-2:1:build/${id}` } }, { environment });
const tick = () => world.run(END_FUNCTION, { detail: {} });
const answers = () => world.told.map(({ path, body: { Status, Reason } }) => [path, Status, Reason]);

function image(tags: { readonly [key: string]: string }): void {
  world.parameters.set(PARAMETER, { Value: 'ami-1', LastModifiedDate: new Date(0) });
  world.images.set('ami-1', { State: 'available', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) });
}

/** A build that came to its end. */
function ended(buildStatus: string, more: object = {}): void {
  world.builds.set('Web:1', { ...world.builds.get('Web:1'), buildStatus, ...more });
}

const SETTLED = { 'golden:state': 'published', 'golden:definition-hash': 'definition', 'golden:delivery-hash': 'delivery' };

describe('the start of a build', () => {
  test('is answered at once, and the deployment waits for its end', async () => {
    await start('Create');

    expect(world.started).toEqual([{
      projectName: 'Web', idempotencyToken: 'request-1', environmentVariablesOverride: [{ name: 'GOLDEN_DEPLOYMENT', value: expect.stringMatching(/^[0-9a-f]{32}$/) }],
    }]);
    expect(world.told).toEqual([{
      path: '/answer', contentType: '', body: { ...RESOURCE, Status: 'SUCCESS', PhysicalResourceId: 'Resource', Data: {} },
    }]);
    expect([...world.objects.values()]).toEqual([JSON.stringify({ url: world.url('/handle-0') })]);
  });

  test('that is refused fails the deployment at once', async () => {
    world.refusal = new Error('Cannot have more than 0 builds in queue\nfor the account é');
    await start('Create');
    expect(answers()).toEqual([['/answer', 'FAILED', 'Error: Cannot have more than 0 builds in queue | for the account ']]);
  });

  test('is not needed where the image is there as it is declared, as after a rollback', async () => {
    image(SETTLED);
    await start('Update');
    expect([answers(), world.started]).toEqual([[['/handle-0', 'SUCCESS', 'It is there already'], ['/answer', 'SUCCESS', undefined]], []]);
  });

  test.each([
    ['is of another delivery', { ...SETTLED, 'golden:delivery-hash': 'other' }],
    ['was not published', { ...SETTLED, 'golden:state': 'draft' }],
    ['is of another definition', { ...SETTLED, 'golden:definition-hash': 'other' }],
  ])('is needed where what is there %s', async (_, tags) => {
    image(tags);
    await start('Update');
    expect(world.started).toHaveLength(1);
  });

  test('is needed where the image was deregistered', async () => {
    image(SETTLED);
    world.images.clear();
    await start('Update');
    expect(world.started).toHaveLength(1);
  });

  test('is answered after a rollback, too, when the condition of that time waits no more', async () => {
    image(SETTLED);
    world.statuses = [403];
    await start('Update');
    expect(answers()).toEqual([['/answer', 'SUCCESS', undefined]]);
  });

  test('is answered when CloudFormation is slow to listen', async () => {
    world.statuses = [500, 503];
    await start('Create');
    expect(answers()).toEqual([['/answer', 'SUCCESS', undefined]]);
  });

  test('is answered when its time runs out', async () => {
    await world.run(START_FUNCTION.replace('await codebuild.startBuild(', 'await new Promise(() => {}) && ('), asked('Create', part(0)), { remaining: 20_050 });
    expect(answers()).toEqual([['/answer', 'FAILED', 'Error: It took too long']]);
  });

  test('ends with the resource: a build that goes on would lose its role', async () => {
    await start('Create');
    await start('Delete');
    expect([world.builds.get('Web:1').buildStatus, world.told.at(-1)!.body.Status]).toEqual(['STOPPED', 'SUCCESS']);
  });

  test('keeps the ID that CloudFormation knows', async () => {
    await world.run(START_FUNCTION, asked('Update', part(0), { PhysicalResourceId: 'known' }));
    expect(world.told.at(-1)!.body.PhysicalResourceId).toBe('known');
  });
});

describe('the end of a build', () => {
  test('is told to the deployment that waits for it, as often as EventBridge says it', async () => {
    await start('Create');
    ended('SUCCEEDED');
    await end('Web:1');
    await end('Web:1');
    expect(answers().slice(1)).toEqual([['/handle-0', 'SUCCESS', 'Built'], ['/handle-0', 'SUCCESS', 'Built']]);
  });

  test('is not told while it goes on', async () => {
    await start('Create');
    await end('Web:1');
    expect(answers()).toEqual([['/answer', 'SUCCESS', undefined]]);
  });

  test('that is a failure says the last lines of its log and where the rest is', async () => {
    await start('Create');
    world.log = ['[Container] 2026/11/21 Entering phase BUILD\n', 'first\n', '\u001b[31mE: no such package: nginy\u001b[0m\n', 'Übel\n'];
    ended('FAILED', { logs: { groupName: 'group', streamName: 'stream', deepLink: 'https://console.aws.amazon.com/log' } });
    await end('Web:1');
    expect(answers().at(-1)).toEqual([
      '/handle-0', 'FAILURE', 'CodeBuild Web:1: FAILED. first | E: no such package: nginy | bel (log: https://console.aws.amazon.com/log)',
    ]);
  });

  test('that is a failure with a long log says the end of it, in as many characters as CloudFormation takes', async () => {
    await start('Create');
    world.log = Array.from({ length: 100 }, (_, index) => `line ${index} ${'x'.repeat(100)}`);
    ended('TIMED_OUT', { logs: { groupName: 'group', deepLink: `https://console.aws.amazon.com/${'l'.repeat(300)}` } });
    await end('Web:1');
    const [, , reason] = answers().at(-1)!;
    expect(reason).toContain('line 99');
    expect(reason).toContain('(log: https://console.aws.amazon.com/');
    expect(reason.length).toBeLessThan(1024);
  });

  test('of a build whose container never began says what CodeBuild says', async () => {
    await start('Create');
    ended('FAULT', { logs: { groupName: 'group' }, phases: [{ contexts: [{ message: 'ACCESS_DENIED: no source' }] }, {}] });
    await end('Web:1');
    expect(answers().at(-1)).toEqual(['/handle-0', 'FAILURE', 'CodeBuild Web:1: FAULT. ACCESS_DENIED: no source (log: group)']);
  });

  test('is told to nobody where nobody waits, as for a scheduled build', async () => {
    world.builds.set('Web:1', { id: 'Web:1', buildStatus: 'SUCCEEDED', environment: { environmentVariables: [] }, startTime: new Date(0) });
    await end('Web:1');
    expect(world.told).toEqual([]);
  });
});

describe('a build that takes longer than a condition waits', () => {
  test('is said to go on before the condition expires, and not earlier', async () => {
    await start('Create', 0, { GoesOnSeconds: '39600' });
    await tick();
    expect(answers()).toHaveLength(1);
    world.objects.forEach((text, key) => { world.objects.set(key, JSON.stringify({ ...JSON.parse(text), goesOnAt: Date.now() - 1 })); });
    await tick();
    await tick();
    expect(answers().slice(1)).toEqual([['/handle-0', 'SUCCESS', 'It goes on']]);
  });

  test('ends for the next condition, and for that alone', async () => {
    await start('Create', 0, { GoesOnSeconds: '0.001' });
    await tick();
    await start('Create', 1);
    world.told.length = 0;
    ended('FAILED');
    await end('Web:1');
    expect([world.started.length, answers().map(([path, status]) => [path, status])]).toEqual([1, [['/handle-1', 'FAILURE']]]);
  });

  test('that ended between two conditions is told to the next one when it begins to wait', async () => {
    await start('Create', 0, { GoesOnSeconds: '0.001' });
    await tick();
    ended('SUCCEEDED');
    await end('Web:1');
    world.told.length = 0;
    await start('Create', 1);
    expect(answers()).toEqual([['/handle-1', 'SUCCESS', 'Built'], ['/answer', 'SUCCESS', undefined]]);
  });

  test('and is not needed satisfies all conditions', async () => {
    image(SETTLED);
    await start('Update', 0, { GoesOnSeconds: '39600' });
    await start('Update', 1);
    expect(answers().map(([path]) => path)).toEqual(['/handle-0', '/answer', '/handle-1', '/answer']);
  });
});

describe('who asked to be told', () => {
  const variables = (task?: string) => [{ name: 'GOLDEN_PARAMETER', value: PARAMETER }, ...task ? [{ name: 'GOLDEN_TASK', value: task }] : []];
  const build = (buildStatus: string, task?: string) => {
    world.builds.set('Web:1', { id: 'Web:1', buildStatus, environment: { environmentVariables: variables(task) }, startTime: new Date(1000) });
  };
  const TOPIC = { TOPIC: 'arn:topic' };

  test('hears of an image that a build made, once', async () => {
    build('SUCCEEDED', 'newer-source');
    world.parameters.set(PARAMETER, { Value: 'ami-2', LastModifiedDate: new Date(2000) });
    await end('Web:1', TOPIC);
    await end('Web:1', TOPIC);
    expect(world.published).toEqual([{ TopicArn: 'arn:topic', Subject: 'Built: Stack/Web', Message: 'Stack/Web: Built ami-2' }]);
  });

  test('hears nothing of a build that changed nothing', async () => {
    build('SUCCEEDED', 'newer-source');
    world.parameters.set(PARAMETER, { Value: 'ami-1', LastModifiedDate: new Date(500) });
    await end('Web:1', TOPIC);
    expect(world.published).toEqual([]);
  });

  test('hears of a build that failed, and why', async () => {
    world.log = ['no space left'];
    build('FAILED');
    await end('Web:1', TOPIC);
    expect(world.published).toEqual([{
      TopicArn: 'arn:topic', Subject: 'Failed: Stack/Web', Message: 'Stack/Web: CodeBuild Web:1: FAILED. no space left (log: undefined)',
    }]);
  });

  test('hears of an image that could not be removed, and not of one that was', async () => {
    build('SUCCEEDED', 'destroy');
    await end('Web:1', TOPIC);
    expect(world.published).toEqual([]);
    build('FAILED', 'destroy');
    await end('Web:1', TOPIC);
    expect(world.published).toHaveLength(1);
  });
});

describe('the image as a resource', () => {
  const ask = (RequestType: string, properties: object = {}, remaining?: number) => (
    world.run(IMAGE_FUNCTION, asked(RequestType, { Parameter: PARAMETER, Removal: 'retain', ...properties }), { remaining })
  );

  test('has the ID that the parameter of its definition holds', async () => {
    image({});
    await ask('Create');
    expect(world.told[0].body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'Resource', Data: { ImageId: 'ami-1' } });
  });

  test('is read again where AWS does not know everywhere yet what was written', async () => {
    const parameters = new Map([[PARAMETER, { Value: 'ami-1', LastModifiedDate: new Date(0) }]]);
    setTimeout(() => { parameters.forEach((value, name) => world.parameters.set(name, value)); }, 15);
    await ask('Create');
    expect(world.told[0].body).toMatchObject({ Status: 'SUCCESS', Data: { ImageId: 'ami-1' } });
  });

  test('is a failure where nothing was built', async () => {
    await ask('Create');
    expect(answers()).toEqual([['/answer', 'FAILED', 'ParameterNotFound: /golden/images/abc is not there']]);
  });

  test('leaves the image behind, unless it is to go', async () => {
    await ask('Delete');
    expect([world.started, answers()]).toEqual([[], [['/answer', 'SUCCESS', undefined]]]);
  });

  test.each([['was removed', 'SUCCEEDED'], ['is in use', 'FAILED']])('goes where its image %s', async (_, endsAs) => {
    world.endsAs = endsAs;
    await ask('Delete', { Removal: 'destroy' });
    expect(world.started).toEqual([{
      projectName: 'Web', idempotencyToken: 'request-1', environmentVariablesOverride: [{ name: 'GOLDEN_TASK', value: 'destroy' }],
    }]);
    expect(answers()).toEqual([['/answer', 'SUCCESS', undefined]]);
    expect(world.logged).toContain(`Web:1 ${endsAs}`);
  });

  test('goes where the removal cannot begin, and where it does not end', async () => {
    world.refusal = new Error('no more builds');
    await ask('Delete', { Removal: 'destroy' });
    world.refusal = undefined;
    await ask('Delete', { Removal: 'destroy' }, 40_100);
    expect(answers().map(([, status]) => status)).toEqual(['SUCCESS', 'SUCCESS']);
    expect(world.logged).toEqual(['Error: no more builds', 'Web:1 takes too long']);
  });
});
