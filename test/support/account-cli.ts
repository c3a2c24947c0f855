import { spawn } from 'child_process';
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { startCloud, type Cloud } from './cloud/cloud';
import { createMachineProvider } from './cloud/machines/create-machine-provider';
import type { LeftResource } from './cloud/resources';
import { createSsmService, type TestableSsmService } from './cloud/ssm/create-ssm-service';
import { PROJECT, type JsonEvent } from './golden';
import { AmiImage, Source, type AmiImageProps } from '../../lib';
import { runCli } from '../../lib/cli/cli';
import { askCallersPlace, openStateStore, systemClock, wireHost } from '../../lib/cli/wiring';
import type { Clock } from '../../lib/ports/clock';

/** What the command said. */
export interface CliRun {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  readonly events: readonly JsonEvent[];
}

export interface CliOptions {
  /** Name of the computer that it runs on: each has a state folder of its own. @default `here` */
  readonly computer?: string;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** The command in this process, with an emulated account whose machines really run commands. */
export interface AccountCli {
  readonly cloud: Cloud<TestableSsmService>;
  readonly folder: string;
  /** Writes an assembly of these images into a folder of this name. */
  declare(assembly: string, images: { readonly [id: string]: Partial<AmiImageProps> }): void;
  golden(argv: readonly string[], options?: CliOptions): Promise<CliRun>;
  /** Runs a build in a process of its own, which is killed while its machine works. */
  killed(assembly: string, ...args: readonly string[]): Promise<void>;
  /** What of the builds is there, but for what is kept on purpose: the profile, the group without rules, and buckets. */
  left(): Promise<readonly LeftResource[]>;
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export async function startAccountCli(): Promise<AccountCli> {
  const cloud = await startCloud({ machines: createMachineProvider('light'), ssm: createSsmService });
  Object.assign(process.env, cloud.environment);
  const folder = mkdtempSync(join(tmpdir(), 'golden-account-'));
  const environmentOf = (computer: string) => ({ ...process.env, GOLDEN_HOME: join(folder, 'computers', computer), GOLDEN_CALLER_ADDRESS: '127.0.0.1' });
  return {
    cloud,
    folder,
    declare: (assembly, images) => {
      const app = new App({ outdir: join(folder, assembly) });
      const stack = new Stack(app, 'Stack', { env: { region: cloud.region, account: cloud.account } });
      for (const [id, props] of Object.entries(images)) { new AmiImage(stack, id, { source: Source.ubuntu('24.04'), ...props }); }
      app.synth();
    },
    golden: async (argv, { computer = 'here', signal = new AbortController().signal, clock = systemClock } = {}) => {
      let out = '';
      let err = '';
      const exitCode = await runCli(argv, {
        folder,
        environment: environmentOf(computer),
        clock,
        signal,
        stdout: { write: (text) => { out += text; } },
        stderr: { write: (text) => { err += text; } },
        hosts: wireHost,
        states: openStateStore,
        callersPlace: askCallersPlace,
      });
      const events = argv.includes('--json') ? out.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as JsonEvent) : [];
      return { exitCode, out, err, events };
    },
    killed: async (assembly, ...args) => {
      const program = ['--require', 'tsx/cjs', join(PROJECT, 'lib', 'cli', 'main.ts'), 'build', '--host', 'ec2', '--app', join(folder, assembly), '--json'];
      const child = spawn(process.execPath, [...program, ...args], { cwd: PROJECT, env: environmentOf('here'), stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.on('data', (data: Buffer) => { if (data.toString().includes('instruction.started')) { child.kill('SIGKILL'); } });
      await new Promise((resolve) => child.on('close', resolve));
    },
    left: async () => {
      const { instances, volumes, images, snapshots, securityGroups, parameters, objects } = await cloud.resources();
      const live = instances.filter(({ state }) => state !== 'shutting-down');
      const volumesLeft = live.length > 0 ? volumes : [];
      return [
        ...live, ...volumesLeft, ...images, ...snapshots, ...securityGroups.filter(({ name }) => !['golden-no-inbound', 'default'].includes(name!)),
        ...parameters.filter(({ id }) => !id.startsWith('/aws/')), ...objects,
      ];
    },
    reset: async () => {
      await cloud.reset();
      rmSync(folder, { recursive: true, force: true });
    },
    stop: async () => {
      await cloud.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
