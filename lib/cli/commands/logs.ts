import { isRunning } from '../../engine/control/control-socket';
import { GoldenError } from '../../errors';
import { findLog, LogReader } from '../app/build-logs';
import { EventLines } from '../reporting/event-lines';
import type { TimedEvent } from '../reporting/reporter';
import { stateFolder } from '../state-place';
import type { Surroundings } from '../surroundings';

export interface LogsOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly instruction?: string;
}

const POLL_MS = 200;

/** Prints what a build printed, with times; of one that runs also what it prints from now on. */
export async function logsCommand(
  name: string | undefined, { follow = false, json = false, instruction }: LogsOptions, surroundings: Surroundings,
): Promise<number> {
  const { stdout, stderr, environment, clock, signal } = surroundings;
  const folder = stateFolder(environment);
  const { buildId, image, begunAt, path } = findLog(folder, name);
  const reader = new LogReader(path);
  const wanted = instruction === undefined ? undefined : new WantedInstruction(image, instruction);
  const lines = new EventLines();
  if (!json) { stdout.write(`build ${buildId} of ${image}, begun ${begunAt.slice(0, 19).replace('T', ' ')} UTC\n`); }
  let ended = false;
  const print = () => {
    for (const event of reader.read()) {
      ended ||= event.type === 'build.finished';
      if (wanted && !wanted.has(event)) { continue; }
      if (json) { stdout.write(`${JSON.stringify(event)}\n`); } else { lines.lines(event)?.forEach((line) => stdout.write(`${event.time.slice(11, 23)}  ${line}\n`)); }
    }
  };
  let alive = await isRunning(folder, buildId);
  print();
  while (follow && alive && !ended && !signal.aborted) {
    await clock.sleep(POLL_MS, signal).catch(() => undefined);
    alive = await isRunning(folder, buildId);
    // What it wrote last, it wrote before it went.
    print();
  }
  wanted?.assertFound();
  if (!ended && !alive) { stderr.write('The build was killed here. golden resume finishes it.\n'); }
  return 0;
}

/** The instructions at a construct path, or below it. */
class WantedInstruction {
  private readonly origins = new Set<string>();
  private readonly indices = new Set<number>();

  constructor(private readonly image: string, private readonly path: string) {}

  has(event: TimedEvent): boolean {
    if (event.type === 'instruction.started' || event.type === 'instruction.cached') {
      this.origins.add(event.origin);
      if (this.matches(event.origin)) { this.indices.add(event.index); }
    }
    return 'index' in event && this.indices.has(event.index);
  }

  /** Errors: `no-such-instruction`, which lists those there are. */
  assertFound(): void {
    if (this.indices.size > 0) { return; }
    throw new GoldenError('no-such-instruction', `The build ran no instruction of ${this.path}`, {
      kind: 'usage', hint: this.origins.size > 0 ? `It ran those of: ${[...this.origins].join(', ')}` : 'It did not get as far as to run one.',
    });
  }

  private matches(origin: string): boolean {
    return [origin, `${this.image}/${origin}`].some((whole) => whole === this.path || whole.startsWith(`${this.path}/`));
  }
}
