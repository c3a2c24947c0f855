import { ChrootMachine, makeRoot, type Userland } from './chroot-machine';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { machineFolders, type Bundle, type BundleEnd, type Hold } from '../../lib/engine/bundle/bundle';
import { followBundle, type FollowHandlers, type Unstarted } from '../../lib/engine/bundle/follow';
import type { RunnerRecord } from '../../lib/engine/bundle/records';
import { loadBundle, prepareBundle, startBundle } from '../../lib/engine/bundle/ship';
import { Connection } from '../../lib/engine/connection';
import { putHandler } from '../../lib/engine/instructions/put';
import { runHandler } from '../../lib/engine/instructions/run';
import type { PutInstruction, RunInstruction } from '../../lib/plan/instructions';
import type { Communicator } from '../../lib/ports/communicator';

/** A `run` as provisioners make it; the name of the user, the script and so on may be told. */
export function runOf(script: string, changes: Partial<RunInstruction> = {}): RunInstruction {
  return {
    type: 'run',
    script: { text: script },
    interpreter: ['/bin/sh', '-e'],
    arguments: [],
    environment: {},
    parameters: {},
    secrets: {},
    user: 'root',
    timeoutSeconds: 60,
    attempts: 1,
    backoffSeconds: 1,
    validExitCodes: [0],
    expectDisconnect: false,
    origin: 'Run',
    ...changes,
  };
}

/** A `put` of literal content. */
export function putOf(text: string, destination: string, changes: Partial<PutInstruction> = {}): PutInstruction {
  return { type: 'put', content: { text }, destination, owner: 'root', group: 'root', directoryMode: '0755', origin: 'Put', ...changes };
}

export interface BundleResult {
  readonly end: BundleEnd;
  readonly records: readonly RunnerRecord[];
  /** What each instruction wrote, by its index. */
  readonly stdout: { readonly [index: number]: string };
  readonly stderr: { readonly [index: number]: string };
}

export interface BundleRunOptions {
  readonly assetFolder?: string;
  readonly parameters?: { readonly [name: string]: string };
  readonly secrets?: { readonly [name: string]: string };
  readonly holds?: { readonly [index: number]: Hold };
  readonly sinceCheckpoint?: number;
  readonly onRecord?: FollowHandlers['record'];
  readonly onOutput?: FollowHandlers['output'];
}

/** Runs bundles on a machine in a chroot, as a build does. */
export class BundleMachine {
  static async start(userland: Userland, wrap: (communicator: Communicator) => Communicator = (same) => same): Promise<BundleMachine> {
    const machine = await ChrootMachine.start(makeRoot(userland), userland);
    return new BundleMachine(machine, wrap(execCommunicators.open(machine)));
  }

  readonly connection: Connection;
  readonly notices: string[] = [];
  private count = 0;

  private constructor(readonly machine: ChrootMachine, communicator: Communicator) {
    this.connection = new Connection(machine, communicator, {
      // Pauses between tries are long for a test.
      clock: { now: Date.now, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20))) },
      report: (event) => { if (event.type === 'notice') { this.notices.push(event.message); } },
      signal: new AbortController().signal,
    });
  }

  get root(): string {
    return this.machine.root;
  }

  pack(instructions: readonly (RunInstruction | PutInstruction)[], options: BundleRunOptions = {}): Bundle {
    const folders = machineFolders('test');
    const name = String(this.count++);
    const payload = `${folders.payload}/${name}`;
    return {
      payload,
      state: `${folders.state}/${name}`,
      sinceCheckpoint: options.sinceCheckpoint ?? 0,
      instructions: instructions.map((instruction, index) => {
        const pack = {
          index,
          payload,
          hold: options.holds?.[index] ?? 'never',
          assetFolder: options.assetFolder ?? '/nowhere',
          parameters: options.parameters ?? {},
          secrets: options.secrets ?? {},
        };
        return instruction.type === 'run' ? runHandler.pack(instruction, pack) : putHandler.pack(instruction, pack);
      }),
    };
  }

  async run(instructions: readonly (RunInstruction | PutInstruction)[], options: BundleRunOptions = {}): Promise<BundleResult> {
    const bundle = this.pack(instructions, options);
    const start = await loadBundle(this.connection, machineFolders('test'), bundle, await prepareBundle(this.connection.communicator.kind, bundle));
    return this.follow(bundle, options, { start, startAlone: () => startBundle(this.connection, machineFolders('test'), start) });
  }

  async follow(bundle: Bundle, options: BundleRunOptions = {}, unstarted?: Unstarted): Promise<BundleResult> {
    const records: RunnerRecord[] = [];
    const output = { stdout: {} as Record<number, string>, stderr: {} as Record<number, string> };
    const end = await followBundle(this.connection, bundle, {
      record: async (record) => {
        records.push(record);
        await options.onRecord?.(record);
      },
      output: options.onOutput ?? ((index, stream, data) => { output[stream][index] = (output[stream][index] ?? '') + data.toString('latin1'); }),
      recover: () => this.connection.reconnect(10_000),
    }, unstarted);
    return { end, records, ...output };
  }

  async execute(command: string): Promise<string> {
    return (await this.connection.demand('run a command of a test', command)).toString();
  }

  async destroy(): Promise<void> {
    await this.connection.communicator.close();
    await this.machine.destroy();
  }
}
