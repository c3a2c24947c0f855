import { LeapingClock } from './leaping-clock';
import { TokenBuckets } from '../../../lib/hosts/ec2/token-buckets';

/** How long the last of so many calls at once waits, in seconds. */
async function lastWait(action: string, calls: number): Promise<number> {
  const clock = new LeapingClock();
  const pauses: number[] = [];
  // Time stands still: all calls come at once.
  const buckets = new TokenBuckets({ now: () => clock.now(), sleep: async (milliseconds) => { pauses.push(milliseconds); } });
  for (let call = 0; call < calls; call++) { await buckets.take('eu-west-1', action); }
  return (pauses[pauses.length - 1] ?? 0) / 1000;
}

test('as many calls as EC2 takes at once go at once', async () => {
  expect(await lastWait('RunInstances', 5)).toBe(0);
  expect(await lastWait('DescribeInstances', 100)).toBe(0);
  expect(await lastWait('CreateImage', 50)).toBe(0);
});

test('the rest takes turns, as fast as EC2 gives them', async () => {
  expect(await lastWait('RunInstances', 6)).toBe(0.5);
  expect(await lastWait('RunInstances', 100)).toBe(47.5);
  expect(await lastWait('CopyImage', 103)).toBe(3);
  expect(await lastWait('DescribeInstances', 120)).toBe(1);
});

test('each region has its own, and a bucket fills again', async () => {
  const clock = new LeapingClock();
  const buckets = new TokenBuckets(clock);
  for (let call = 0; call < 5; call++) { await buckets.take('eu-west-1', 'RunInstances'); }
  await buckets.take('us-east-2', 'RunInstances');
  await clock.sleep(2500);
  for (let call = 0; call < 5; call++) { await buckets.take('eu-west-1', 'RunInstances'); }
  expect(clock.pauses).toEqual([2500]);
  await buckets.take('eu-west-1', 'RunInstances');
  expect(clock.pauses).toEqual([2500, 500]);
});
