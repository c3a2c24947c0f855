import { LeapingClock } from './leaping-clock';
import { retry, type Verdict } from '../../../lib/hosts/ec2/retry';

const clock = new LeapingClock();
beforeEach(() => { clock.pauses.length = 0; });

async function failing(times: number, verdict: Verdict, options: { deadlineMs?: number; signal?: AbortSignal } = {}): Promise<number> {
  return retry(async (count) => {
    if (count <= times) { throw new Error(`try ${count}`); }
    return count;
  }, { clock, verdict: () => verdict, deadlineMs: 60_000, random: () => 1, ...options });
}

test('what may pass is tried again, after pauses that grow up to a limit', async () => {
  expect(await failing(7, 'transient')).toBe(8);
  expect(clock.pauses).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
});

test('who is throttled waits longer than who met a fault', async () => {
  expect(await failing(3, 'throttled')).toBe(4);
  expect(clock.pauses).toEqual([1000, 2000, 4000]);
});

test('what cannot succeed is tried once', async () => {
  await expect(failing(1, 'fail')).rejects.toThrow('try 1');
  expect(clock.pauses).toEqual([]);
});

test('after the deadline, the last error is thrown', async () => {
  await expect(failing(1000, 'not-yet', { deadlineMs: 10_000 })).rejects.toThrow('try 5');
  expect(clock.pauses).toEqual([500, 1000, 2000, 4000]);
});

test('pauses are anywhere below their length, so that builds that failed together do not try together', async () => {
  const random = [0, 0.5];
  await retry(async (count) => { if (count < 3) { throw new Error('no'); } }, {
    clock, verdict: () => 'transient', deadlineMs: 60_000, random: () => random.shift()!,
  });
  expect(clock.pauses).toEqual([0, 200]);
});

test('an interruption ends it, and says so', async () => {
  const controller = new AbortController();
  controller.abort();
  await expect(failing(1, 'transient', { signal: controller.signal })).rejects.toMatchObject({ kind: 'interrupted' });
  expect(clock.pauses).toEqual([]);
});
