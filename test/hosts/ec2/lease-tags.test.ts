import { setTimeout as pause } from 'timers/promises';
import { LeapingClock } from './leaping-clock';
import type { AwsCommand, Caller } from '../../../lib/hosts/ec2/aws-request';
import { Leases } from '../../../lib/hosts/ec2/lease-tags';

type Tagging = { readonly Resources: readonly string[]; readonly Tags: readonly { readonly Key: string; readonly Value: string }[] };

/** 30 milliseconds: ten between two renewals. */
const build = { buildId: 'b1', leaseMinutes: 30 / 60_000 };
let calls: (Tagging & { readonly region: string })[];
let gone: string | undefined;
let leases: Leases;

beforeEach(() => {
  calls = [];
  gone = undefined;
  leases = new Leases(new LeapingClock(), (region): Caller => ({
    send: async <Output extends object>({ input }: AwsCommand<Output>) => {
      const asked = input as Tagging;
      calls.push({ region, ...asked });
      if (gone && asked.Resources.includes(gone)) {
        throw Object.assign(new Error(`The instance ID '${gone}' does not exist`), { name: 'InvalidInstanceID.NotFound', $metadata: {} });
      }
      return {} as Output;
    },
  }));
});
afterEach(() => leases.remove('eu-west-1', 'i-1', 'vol-1', 'i-2'));

async function renewals(count: number): Promise<void> {
  while (calls.length < count) { await pause(5); }
}

test('all resources of a build are renewed with one call, again and again, until they are taken out', async () => {
  leases.add('eu-west-1', build, 'i-1');
  leases.add('eu-west-1', build, 'vol-1');
  await renewals(2);
  expect(calls[0]).toEqual({
    region: 'eu-west-1', Resources: ['i-1', 'vol-1'], Tags: [{ Key: 'golden:lease', Value: '2026-01-01T00:00:00.030Z' }],
  });
  leases.remove('eu-west-1', 'i-1', 'vol-1');
  const { length } = calls;
  await pause(40);
  expect(calls).toHaveLength(length);
});

test('what has gone does not keep the others from being renewed', async () => {
  gone = 'i-1';
  leases.add('eu-west-1', build, 'i-1', 'vol-1');
  await renewals(2);
  expect(calls.slice(0, 2).map(({ Resources }) => Resources)).toEqual([['i-1', 'vol-1'], ['vol-1']]);
});
