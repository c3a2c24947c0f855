import { readFileSync } from 'fs';
import { FakeHost } from './fake-host';
import { mortalState, written, type Kill } from './mortal-state';
import type { WiredHost } from '../../lib/cli/surroundings';
import { localRunner, systemClock, wireHost } from '../../lib/cli/wiring';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { build } from '../../lib/engine/build';
import { stateInFolder } from '../../lib/engine/state-folder';
import { parsePlan } from '../../lib/plan/parse';
import type { BuildOutcome } from '../../lib/ports/events';

/** One build in a process of its own, which is killed at a record of its journal. See `killed-builds.ts`. */
export interface KilledBuildOptions {
  readonly planFile: string;
  /** `fake`: a FakeHost in this folder; the others as the command line makes them, from the environment. */
  readonly host: { readonly kind: 'fake'; readonly folder: string; readonly places?: readonly string[] } | { readonly kind: 'ec2' | 'sandbox'; readonly region?: string };
  readonly stateFolder: string;
  readonly outputFolder: string;
  readonly bootTest?: boolean;
  readonly useCache?: boolean;
  /** Absent: it lives. */
  readonly kill?: Kill;
}

/** What the process says last, where it lives to say it. */
export interface KilledBuildAnswer {
  readonly outcome: BuildOutcome;
  /** How many records its journal has. */
  readonly records: number;
}

async function wire({ host, stateFolder, outputFolder }: KilledBuildOptions): Promise<WiredHost> {
  if (host.kind !== 'fake') {
    const { kind, region } = host;
    return wireHost({ kind, region, stateFolder, outputFolder, allowHostLoopback: false, environment: process.env, clock: systemClock });
  }
  const fake = new FakeHost(host.folder);
  fake.places = host.places;
  return {
    host: fake,
    communicators: async () => ({ provision: execCommunicators, bootTest: execCommunicators }),
  };
}

async function main(options: KilledBuildOptions): Promise<void> {
  const { planFile, stateFolder, outputFolder, kill, bootTest = false, useCache = true } = options;
  const plan = parsePlan(readFileSync(planFile, 'utf8'), planFile);
  const { host, communicators } = await wire(options);
  const state = stateInFolder(stateFolder, systemClock);
  const outcome = await build({
    plan,
    planFile,
    host,
    communicators: await communicators(plan, planFile),
    values: { read: async (name) => `value of ${name}` },
    local: localRunner(process.env),
    state: mortalState(state, kill),
    stateFolder,
    outputFolder,
    clock: systemClock,
    report: () => undefined,
    signal: new AbortController().signal,
    useCache,
    bootTest,
    onError: 'cleanup',
    toolVersion: '1.2.3',
  });
  const answer: KilledBuildAnswer = { outcome, records: written.records };
  process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
}

void main(JSON.parse(process.argv[2]) as KilledBuildOptions);
