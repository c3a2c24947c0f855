/* The emulated cloud in a process of its own, so that it does not share a processor thread with what is measured. */
import { createInterface } from 'readline';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { startCloud } from '../support/cloud/cloud';
import { createMachineProvider } from '../support/cloud/machines/create-machine-provider';
import { MemoryMachines } from '../support/cloud/machines/memory-machines';
import type { CloudSettings } from '../support/cloud/settings';
import { createSsmService } from '../support/cloud/ssm/create-ssm-service';

/** Asked in lines of JSON; answers each in one. */
export interface CloudRequest {
  /** One way, in milliseconds. */
  readonly delayMs: number;
  /** How long states take; absent: no time, so that nobody has to ask twice. */
  readonly durations?: CloudSettings['durations'];
  readonly buckets?: boolean;
}

export interface CloudAnswer {
  readonly environment: { readonly [name: string]: string };
  /** Calls since the last request, by action, and how many of them were throttled. */
  readonly calls: { readonly [action: string]: number };
  readonly throttled: number;
}

/** In memory: what else writes to the disk of this computer would be measured with both contenders. */
const DISKS = '/dev/shm/golden-bench';

const AT_ONCE: CloudSettings['durations'] = { pending: 0, stopping: 0, shuttingDown: 0, image: 0, snapshot: 0, copy: 0 };

async function main(): Promise<void> {
  const machines = process.argv.includes('--no-machines') ? new MemoryMachines() : createMachineProvider('light', DISKS);
  const cloud = await startCloud({ machines, ssm: createSsmService });
  const api = { region: cloud.region, endpoint: cloud.endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const [ec2, ssm, sts] = [new EC2Client(api), new SSMClient(api), new STSClient(api)];
  for await (const line of createInterface({ input: process.stdin })) {
    const { delayMs, durations, buckets = false } = JSON.parse(line) as CloudRequest;
    const calls: Record<string, number> = {};
    for (const { action } of cloud.calls) { calls[action] = (calls[action] ?? 0) + 1; }
    const throttled = cloud.calls.filter(({ code }) => code === 'RequestLimitExceeded').length;
    await cloud.reset();
    // What moto makes when a service is first asked is no work of who asks.
    await Promise.all([ec2.send(new DescribeVpcsCommand({})), ssm.send(new GetParametersCommand({ Names: ['/none'] })), sts.send(new GetCallerIdentityCommand({}))]);
    cloud.calls.length = 0;
    if (!(machines instanceof MemoryMachines)) { machines.settings.networkDelayMs = delayMs; }
    // The time that machines take to start is no work of who asks for them: it is what `durations` say, and nothing else.
    if (!(machines instanceof MemoryMachines)) { await machines.startAhead('debian-12', Number(new URL(cloud.environment.AWS_ENDPOINT_URL).port)); }
    Object.assign(cloud.settings, { buckets, durations: durations ?? AT_ONCE, settled: durations === undefined });
    process.stdout.write(`${JSON.stringify({ environment: cloud.environment, calls, throttled } satisfies CloudAnswer)}\n`);
  }
  await cloud.stop();
}

void main();
