import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { FakeHost } from './fake-host';
import { samplePlan } from './sample-plan';
import { localRunner, systemClock } from '../../lib/cli/wiring';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { build } from '../../lib/engine/build';
import type { BuildRequest } from '../../lib/engine/build-request';
import { preview, type Preview } from '../../lib/engine/preview';
import { stateInFolder } from '../../lib/engine/state-folder';
import type { Check } from '../../lib/plan/checks';
import type { Instruction } from '../../lib/plan/instructions';
import type { Definition, Plan } from '../../lib/plan/model';
import type { BuildEvent, BuildOutcome } from '../../lib/ports/events';

/** The plan of an image with these instructions and checks, and nothing else that matters to a test. */
export function testPlan(instructions: readonly Instruction[], checks: readonly Check[] = [], changes: Partial<Definition> = {}): Plan {
  const source = { type: 'ami', imageId: 'ami-12345678', user: 'admin', ssmAgent: false } as const;
  const machine = { architecture: 'x86_64', osFamily: 'debian' } as const;
  return samplePlan({ epoch: 1, source, machine, instructions, checks, parameters: {}, secrets: {}, ...changes });
}

export interface TestBuild {
  readonly outcome: BuildOutcome;
  readonly events: readonly BuildEvent[];
}

/** A state folder, an output folder and a fake host, and builds in them. */
export class BuildBench {
  readonly host = new FakeHost();
  readonly folder = mkdtempSync(join(tmpdir(), 'golden-bench-'));
  readonly stateFolder = join(this.folder, 'state');
  readonly outputFolder = join(this.folder, 'out');

  async build(plan: Plan, changes: Partial<BuildRequest> = {}): Promise<TestBuild> {
    const events: BuildEvent[] = [];
    const { report = () => undefined, ...others } = changes;
    const outcome = await build({
      ...this.request(plan),
      report: (event) => {
        events.push(event);
        report(event);
      },
      ...others,
    });
    return { outcome, events };
  }

  /** What is asked for where a test says nothing else. */
  request(plan: Plan): BuildRequest {
    return {
      ...this.common(plan),
      communicators: { provision: execCommunicators },
      local: localRunner({ PATH: process.env.PATH }),
      clock: systemClock,
      signal: new AbortController().signal,
      bootTest: false,
      onError: 'cleanup',
      toolVersion: '1.2.3',
      report: () => undefined,
    };
  }

  preview(plan: Plan, useCache = true): Promise<Preview> {
    return preview({ ...this.common(plan), report: () => undefined, signal: new AbortController().signal, useCache });
  }

  /** What builds left behind, besides artifacts, layers and records. */
  leftovers(): string[] {
    const { machines, drafts } = this.host;
    return [...[...machines].map(({ id }) => `machine ${id}`), ...[...drafts.keys()].map((id) => `draft ${id}`), ...this.names('locks')];
  }

  /** The journals of all builds, as they are on the disk. */
  journals(): string {
    return this.names('builds').map((id) => readFileSync(join(this.stateFolder, 'builds', id, 'journal.jsonl'), 'utf8')).join('');
  }

  /** Builds whose records have no end. */
  unfinished(): Promise<readonly string[]> {
    return stateInFolder(this.stateFolder, systemClock).unfinished();
  }

  async dispose(): Promise<void> {
    await this.host.dispose();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private common(plan: Plan) {
    const { host, stateFolder, outputFolder } = this;
    const values: BuildRequest['values'] = { read: async (name) => `value of ${name}` };
    const state = stateInFolder(stateFolder, systemClock);
    return { state, plan, planFile: join(this.folder, 'x.golden-plan.json'), host, values, stateFolder, outputFolder, useCache: true };
  }

  private names(folder: string): string[] {
    try {
      return readdirSync(join(this.stateFolder, folder));
    } catch {
      return [];
    }
  }
}
