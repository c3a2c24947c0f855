import type { Output } from '../surroundings';
import { EventLines } from './event-lines';
import { formatSeconds } from './figures';
import type { Reporter, TimedEvent } from './reporter';
import { ImageSummary } from './summary';
import { cut } from './terminal-text';
import type { Clock } from '../../ports/clock';

const FRAMES = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];

/** Lines of a running build that stay in sight. */
const LOG_LINES = 5;

/** Lines of a failed instruction that are kept when its build ends. */
const FAILURE_LINES = 20;

interface LiveImage {
  readonly name: string;
  readonly lines: EventLines;
  readonly summary: ImageSummary;
  readonly startedAt: number;
  readonly log: string[];
  doing: string;
  doingSince: number;
  cached: number;
  finished: boolean;
}

/** For a terminal: what each build does now, for how long, and its last lines, redrawn in place; a finished build leaves one line. */
export class LiveReporter implements Reporter {
  private readonly images = new Map<string, LiveImage>();
  private drawn = 0;
  /** Lines that wait for the end of a pause. */
  private held: string[] | undefined;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly output: Output, private readonly clock: Clock) {
    this.timer = setInterval(() => this.draw(), 100);
    this.timer.unref();
  }

  report(event: TimedEvent): void {
    const image = this.imageOf(event);
    image.summary.add(event);
    const lines = image.lines.lines(event);
    switch (event.type) {
      case 'build.started':
      case 'build.keyed':
      case 'phase.finished':
      case 'layer.saved':
        break;
      case 'instruction.cached':
        image.cached++;
        break;
      case 'phase.started':
        this.now(image, lines[0]);
        break;
      case 'instruction.started':
        this.now(image, `provision ${lines[0]}`);
        break;
      case 'build.finished':
        image.finished = true;
        this.keep(this.remains(image, event, lines));
        break;
      case 'notice':
        if (event.level === 'warning') { this.keep(lines.map((line) => `${image.name}: ${line}`)); } else { image.log.push(...lines); }
        break;
      case 'check.finished':
        if (event.outcome === 'failed') { this.keep(lines.map((line) => `\x1b[31m✗\x1b[0m ${image.name}: ${line}`)); }
        break;
      default:
        image.log.push(...lines);
        image.log.splice(0, Math.max(0, image.log.length - FAILURE_LINES));
    }
  }

  finish(): void {
    this.stop();
    this.erase();
    this.images.forEach(({ summary }) => this.output.write(`\n${summary.lines().join('\n')}\n`));
  }

  pause(): () => void {
    this.erase();
    this.held = [];
    return () => {
      const held = this.held ?? [];
      this.held = undefined;
      this.keep(held);
    };
  }

  /** Draws no more by itself. */
  stop(): void {
    clearInterval(this.timer);
  }

  private imageOf(event: TimedEvent): LiveImage {
    const now = this.clock.now();
    const image = this.images.get(event.image) ?? {
      name: event.image, lines: new EventLines(), summary: new ImageSummary(event.image), startedAt: now, log: [], doing: 'starting', doingSince: now, cached: 0, finished: false,
    };
    this.images.set(event.image, image);
    return image;
  }

  private now(image: LiveImage, doing: string): void {
    image.doing = doing;
    image.doingSince = this.clock.now();
    this.draw();
  }

  private remains(image: LiveImage, event: TimedEvent & { readonly type: 'build.finished' }, lines: readonly string[]): string[] {
    const failed = event.status === 'failed';
    const mark = failed ? '\x1b[31m✗\x1b[0m' : event.status === 'interrupted' ? '\x1b[33m-\x1b[0m' : '\x1b[32m✓\x1b[0m';
    return [...failed ? image.log : [], `${mark} ${image.name}  ${lines[0]}`];
  }

  /** Writes lines that stay, above what is redrawn. */
  private keep(lines: readonly string[]): void {
    if (this.held) {
      this.held.push(...lines);
      return;
    }
    this.erase();
    this.output.write(lines.map((line) => `${line}\n`).join(''));
    this.draw();
  }

  /** Draws what is to be seen now, in place of what was drawn before. */
  draw(): void {
    if (this.held) { return; }
    const { columns, rows } = this.output.terminal!;
    const running = [...this.images.values()].filter(({ finished }) => !finished).slice(0, Math.max(1, rows - 1));
    // What is taller than the screen could not be erased again.
    const logLines = Math.min(LOG_LINES, Math.floor((rows - 1) / Math.max(1, running.length)) - 1);
    const lines = running.flatMap((image) => this.linesOf(image, Math.max(0, logLines), columns));
    this.erase();
    this.output.write(lines.map((line) => `${line}\n`).join(''));
    this.drawn = lines.length;
  }

  private linesOf(image: LiveImage, logLines: number, columns: number): string[] {
    const now = this.clock.now();
    const frame = FRAMES[Math.floor(now / 100) % FRAMES.length];
    const elapsed = `${formatSeconds((now - image.doingSince) / 1000)} of ${formatSeconds((now - image.startedAt) / 1000)}`;
    const head = cut(`${frame} ${image.name}  ${image.doing}${image.cached > 0 ? `, ${image.cached} cached` : ''}`, columns - elapsed.length - 3);
    const log = logLines === 0 ? [] : image.log.slice(-logLines);
    return [`${head}  ${elapsed}`, ...log.map((line) => `\x1b[2m${cut(`  ${line}`, columns - 1)}\x1b[0m`)];
  }

  private erase(): void {
    if (this.drawn > 0) { this.output.write(`\x1b[${this.drawn}A\x1b[J`); }
    this.drawn = 0;
  }
}
