import { fork, type ChildProcess } from 'child_process';
import { once } from 'events';
import { join } from 'path';
import type { FaultAnswers, FaultQuestion } from './fault-case';
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

/** Works on all of the list, one thing at a time in each lane. */
export async function inLanes<T, R>(lanes: readonly FaultLane[], list: readonly T[], work: (lane: FaultLane, each: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  await Promise.all(lanes.map(async (lane) => {
    while (next < list.length) {
      const turn = next++;
      results[turn] = await work(lane, list[turn]);
    }
  }));
  return results;
}
