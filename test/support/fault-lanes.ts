import { fork, type ChildProcess } from 'child_process';
import { once } from 'events';
import { mkdirSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { FaultAnswers, FaultPlace, FaultQuestion } from './fault-case';
import { PROJECT } from './golden';

/** A process with an emulated account of its own. */
export class FaultLane {
  static async start(): Promise<FaultLane> {
    const child = fork(join(__dirname, 'fault-lane.ts'), [], { cwd: PROJECT, execArgv: ['--import', 'tsx'], env: { ...process.env, NODE_NO_WARNINGS: '1' } });
    const [{ environment }] = await Promise.race([
      once(child, 'message') as Promise<[{ readonly environment: NodeJS.ProcessEnv }]>,
      once(child, 'exit').then(([code]) => { throw new Error(`A lane ended at its start: ${code}`); }),
    ]);
    return new FaultLane(child, environment);
  }

  private readonly waiting = new Map<number, { resolve: (said: any) => void; reject: (error: Error) => void }>();
  private questions = 0;

  private constructor(private readonly child: ChildProcess, /** What leads to its account. */ readonly environment: NodeJS.ProcessEnv) {
    child.on('message', ({ id, said, error }: { id: number; said?: unknown; error?: string }) => {
      const waiter = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) { waiter?.resolve(said); } else { waiter?.reject(new Error(error)); }
    });
    child.once('exit', (code) => { for (const { reject } of this.waiting.values()) { reject(new Error(`A lane ended: ${code}`)); } });
  }

  ask<Q extends FaultQuestion>(question: Q): Promise<FaultAnswers[Q['ask']]> {
    const id = this.questions++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.send({ ...question, id });
    });
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.send('stop');
    await ended;
  }
}

/** What both halves of the matrix need: accounts in which builds run at the same time, for they wait more than they work. */
export class FaultLanes {
  static async start(number: number): Promise<FaultLanes> {
    return new FaultLanes(await Promise.all(Array.from({ length: number }, () => FaultLane.start())));
  }

  private cases = 0;

  private constructor(readonly lanes: readonly FaultLane[], readonly folder = mkdtempSync(join(tmpdir(), 'golden-fault-'))) {}

  /** Where nobody has built anything: a new account, and new folders. */
  async newPlace(lane: FaultLane, planFile: string, bootTest: boolean): Promise<FaultPlace> {
    const here = join(this.folder, `case-${this.cases++}`);
    mkdirSync(here);
    await lane.ask({ ask: 'reset' });
    return { planFile, bootTest, stateFolder: join(here, 'state'), outputFolder: join(here, 'out') };
  }

  async stop(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** At once: the other cases take minutes. */
export function tell<T extends object>(bad: T): readonly T[] {
  process.stderr.write(`${JSON.stringify(bad)}\n`);
  return [bad];
}
