import { appendFileSync, mkdirSync, writeFileSync } from 'fs';
import { basename, dirname, join } from 'path';
import { PLAN_FILE_SUFFIX } from '../../plan/model';
import { EventLines } from '../reporting/event-lines';
import type { Reporter, TimedEvent } from '../reporting/reporter';
import type { Output } from '../surroundings';

/** Lines of output that a failure is told with. */
const OUTPUT_LINES = 20;

/** Parts that each deployment goes through, built or not. */
const QUICK: ReadonlySet<string> = new Set(['resolve', 'lock', 'recover', 'reconcile']);

interface LoggedImage {
  readonly lines: EventLines;
  readonly output: string[];
}

/** Writes all that happens into a file, and what people wait for to the terminal: whoever runs this hides what it prints. */
export class ApplyLog implements Reporter {
  private readonly images = new Map<string, LoggedImage>();
  private told = false;

  constructor(readonly path: string, private readonly terminal?: Output) {}

  report(event: TimedEvent): void {
    const image = this.imageOf(event.image);
    const lines = image.lines.lines(event);
    this.write(lines.map((line) => `${event.time} ${event.image} | ${line}`));
    if (event.type === 'instruction.output') {
      image.output.push(...lines);
      image.output.splice(0, Math.max(0, image.output.length - OUTPUT_LINES));
    }
    if (this.terminal && isShown(event)) {
      if (!this.told && event.type !== 'build.finished') { this.show([`${event.image} | log: ${this.path}`]); }
      this.told ||= event.type !== 'build.finished';
      this.show(lines.map((line) => `${event.image} | ${line}`));
    }
  }

  finish(): void { /* all is written */ }

  /** Adds lines of no build. */
  write(lines: readonly string[]): void {
    if (lines.length > 0) { appendFileSync(this.path, `${lines.join('\n')}\n`); }
  }

  /** The last lines that the provisioners of an image wrote. */
  outputOf(image: string): readonly string[] {
    return this.images.get(image)?.output ?? [];
  }

  private show(lines: readonly string[]): void {
    lines.forEach((line) => this.terminal!.write(`${line}\n`));
  }

  private imageOf(image: string): LoggedImage {
    const known = this.images.get(image) ?? { lines: new EventLines(), output: [] };
    this.images.set(image, known);
    return known;
  }
}

/** Begins the log of a plan: beside the engine in the assembly, or where that may not be written to, in the state folder. */
export function openApplyLog(planFile: string, places: { readonly assembly: string; readonly stateFolder: string }, terminal?: Output): ApplyLog {
  const name = `${basename(planFile, PLAN_FILE_SUFFIX)}.log`;
  const [first, second] = [join(places.assembly, 'golden', name), join(places.stateFolder, 'logs', name)];
  try {
    return new ApplyLog(begin(first), terminal);
  } catch {
    return new ApplyLog(begin(second), terminal);
  }
}

function begin(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '', { mode: 0o600 });
  return path;
}

function isShown(event: TimedEvent): boolean {
  switch (event.type) {
    case 'notice':
    case 'instruction.started':
    case 'build.finished': return true;
    case 'phase.started': return !QUICK.has(event.phase);
    case 'instruction.finished': return !event.ok;
    case 'check.finished': return event.outcome === 'failed';
    default: return false;
  }
}
