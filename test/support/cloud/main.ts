import { once } from 'events';
import { startCloud, type Cloud } from './cloud';
import { createMachineProvider } from './machines/create-machine-provider';
import { MemoryMachines } from './machines/memory-machines';
import { LIFELIKE_DURATIONS } from './settings';
import { createSsmService } from './ssm/create-ssm-service';

const USAGE = `npm run cloud -- [--machines light|booted|none] [--port <number>] [--slow] [--buckets]

Starts an emulated AWS on loopback, and says what to export so that tools use it. It ends with Ctrl-C, and all its machines with it.
  --machines  light: namespaces with an SSH server (default; needs root); booted: systemd and cloud-init; none: instances that run nothing
  --port      of the endpoint; a free one unless given
  --slow      states take seconds, as they do on AWS
  --buckets   requests are limited as EC2 limits them
`;

async function main(parameters: readonly string[]): Promise<void> {
  const value = (name: string) => parameters.includes(name) ? parameters[parameters.indexOf(name) + 1] : undefined;
  const machines = value('--machines') ?? (process.getuid?.() === 0 ? 'light' : 'none');
  if (parameters.includes('--help') || !['light', 'booted', 'none'].includes(machines)) { process.stdout.write(USAGE); return; }
  const cloud = await startCloud({
    machines: machines === 'none' ? new MemoryMachines() : createMachineProvider(machines as 'light' | 'booted'),
    ssm: createSsmService,
    settings: { buckets: parameters.includes('--buckets'), ...parameters.includes('--slow') ? { durations: LIFELIKE_DURATIONS } : {} },
    port: Number(value('--port') ?? 0),
  });
  process.stdout.write(exports(cloud));
  const ended = new AbortController();
  await Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal, { signal: ended.signal })));
  ended.abort();
  process.stderr.write('Ending the cloud and its machines.\n');
  await cloud.stop();
}

function exports(cloud: Cloud): string {
  const lines = Object.entries(cloud.environment).map(([name, value]) => `export ${name}=${value}`);
  return `${lines.join('\n')}\n`;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
