import { LeapingClock } from './leaping-clock';
import type { AwsCommand, Caller } from '../../../lib/hosts/ec2/aws-request';
import { Poller } from '../../../lib/hosts/ec2/poller';

type Filtered = { readonly Filters: readonly { readonly Name: string; readonly Values: readonly string[] }[] };

let clock: LeapingClock;
let calls: { readonly region: string; readonly ids: readonly string[] }[];
let states: { [id: string]: string[] };
let failure: Error | undefined;
let poller: Poller;

beforeEach(() => {
  clock = new LeapingClock();
  calls = [];
  states = {};
  failure = undefined;
  poller = new Poller(clock, (region): Caller => ({
    send: async <Output extends object>({ input }: AwsCommand<Output>) => {
      const ids = (input as Filtered).Filters[0].Values;
      calls.push({ region, ids });
      if (failure) { throw failure; }
      // Each look sees the next state; the last one stays. An empty one: not known yet.
      const Instances = ids.flatMap((InstanceId) => {
        const Name = states[InstanceId].length > 1 ? states[InstanceId].shift()! : states[InstanceId][0];
        return Name ? [{ InstanceId, State: { Name } }] : [];
      });
      return { Reservations: [{ Instances }] } as unknown as Output;
    },
  }));
});

const running = (id: string, options: { region?: string; timeoutMs?: number; signal?: AbortSignal; steady?: boolean } = {}) => poller.wait(
  'instance', options.region ?? 'eu-west-1', id, (found) => (found?.State?.Name === 'running' ? id : undefined),
  { what: `${id} to run`, timeoutMs: 600_000, ...options },
);

test('all that is waited for in a region is looked at with one call', async () => {
  const ids = Array.from({ length: 100 }, (_, index) => `i-${index}`);
  for (const id of ids) { states[id] = ['pending', 'running']; }
  expect(await Promise.all(ids.map((id) => running(id)))).toEqual(ids);
  expect(calls.filter(({ ids: asked }) => asked.length === 100).length).toBeGreaterThanOrEqual(1);
  expect(calls.length).toBeLessThanOrEqual(3);
});

test('looks come soon at first, and so often that little of a wait is lost, but every two seconds at least', async () => {
  states.i = [...Array.from({ length: 60 }, () => 'pending'), 'running'];
  await running('i');
  const { pauses } = clock;
  expect(pauses.slice(0, 3)).toEqual([250, 250, 250]);
  let waited = 0;
  for (const pause of pauses) {
    expect(pause).toBeLessThanOrEqual(Math.max(250, waited * 0.08) + 1);
    waited += pause;
  }
  expect(waited).toBeGreaterThan(25_000);
  expect(pauses[pauses.length - 1]).toBe(2000);
});

test('where nothing is expected soon, no look comes before its pause', async () => {
  states.i = ['pending', 'pending', 'running'];
  await running('i', { steady: true });
  expect(clock.pauses).toEqual([2000, 2000, 2000]);
});

test('what is not known yet is waited for', async () => {
  states.i = ['', '', 'pending', 'running'];
  expect(await running('i')).toBe('i');
});

test('each region is asked for its own', async () => {
  states.i = ['running'];
  states.j = ['running'];
  await Promise.all([running('i', { region: 'eu-west-1' }), running('j', { region: 'us-east-2' })]);
  expect(calls).toEqual([{ region: 'eu-west-1', ids: ['i'] }, { region: 'us-east-2', ids: ['j'] }]);
});

test('a wait ends at its deadline, and says what for', async () => {
  states.i = ['pending'];
  await expect(running('i', { timeoutMs: 10_000 })).rejects.toMatchObject({ code: 'timed-out', message: 'Waited 10 s in vain for i to run' });
});

test('a wait that is interrupted ends at once, and the others go on', async () => {
  states.i = ['pending'];
  states.j = ['pending', 'pending', 'pending', 'running'];
  const controller = new AbortController();
  const first = running('i', { signal: controller.signal });
  const second = running('j');
  controller.abort();
  await expect(first).rejects.toMatchObject({ kind: 'interrupted' });
  expect(await second).toBe('j');
});

test.each([
  ['throttled', 'RequestLimitExceeded', 503], ['ill', 'InternalError', 500], ['not aware of it yet', 'InvalidInstanceID.NotFound', 400],
])('a region that is %s does not end a wait before its time', async (_, name, httpStatusCode) => {
  states.i = ['running'];
  failure = Object.assign(new Error('no'), { name, $metadata: { httpStatusCode }, $fault: 'client' });
  await expect(running('i', { timeoutMs: 30_000 })).rejects.toMatchObject({ code: 'timed-out', cause: failure });
  const looks = calls.length;
  expect(looks).toBeGreaterThan(10);
  const wait = running('j', { timeoutMs: 30_000 });
  states.j = ['running'];
  await clock.sleep(1);
  failure = undefined;
  expect(await wait).toBe('j');
});

test('what ends a look ends the waits that it was for', async () => {
  states.i = ['pending'];
  failure = new Error('denied');
  await expect(running('i')).rejects.toThrow('denied');
  failure = undefined;
  states.j = ['running'];
  expect(await running('j')).toBe('j');
});

test('a wait whose own rule throws ends alone', async () => {
  states.i = ['terminated'];
  states.j = ['pending', 'pending', 'running'];
  const strict = poller.wait('instance', 'eu-west-1', 'i', () => { throw new Error('gone'); }, { what: 'i', timeoutMs: 1000 });
  const other = running('j');
  await expect(strict).rejects.toThrow('gone');
  expect(await other).toBe('j');
});
