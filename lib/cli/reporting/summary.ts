import { outcomeLines } from './event-lines';
import { formatBytes, formatSeconds } from './figures';
import type { TimedEvent } from './reporter';
import type { BuildOutcome } from '../../ports/events';

/** What took less says nothing. */
const SHOWN_SECONDS = 0.05;

/** Gathers the events of one image for what is said about it in the end. */
export class ImageSummary {
  private outcome?: BuildOutcome;
  private total = 0;
  private cached = 0;
  private readonly phases = new Map<string, number>();
  private readonly checks = { passed: 0, failed: 0, skipped: 0 };
  private readonly failedChecks: string[] = [];
  private bootTested = 0;

  constructor(private readonly image: string) {}

  add(event: TimedEvent): void {
    switch (event.type) {
      case 'build.started': this.total = event.instructions; break;
      case 'instruction.cached': this.cached++; break;
      case 'phase.finished': this.phases.set(event.phase, (this.phases.get(event.phase) ?? 0) + event.seconds); break;
      case 'check.finished':
        this.checks[event.outcome]++;
        if (event.phase === 'boot-test') { this.bootTested++; }
        if (event.outcome === 'failed') {
          // A check of the image itself comes from no construct below it.
          const origin = event.origin ? ` (${event.origin})` : '';
          this.failedChecks.push(`${event.check}: ${event.attribute}: ${event.message ?? 'failed'}${origin}`);
        }
        break;
      case 'build.finished': this.outcome = event; break;
      default:
    }
  }

  /** @param reasons whether to say why it failed; that was said where each line is kept */
  lines({ reasons: withReasons }: { readonly reasons: boolean } = { reasons: true }): string[] {
    const [status, ...reasons] = this.ending(withReasons);
    const rows: [string, string][] = [[this.image, status]];
    reasons.forEach((reason) => rows.push(['', reason]));
    for (const { name, bytes, sha256 } of this.outcome?.artifact?.files ?? []) {
      rows.push(['  file', `${name}  ${formatBytes(bytes)}  sha256 ${sha256.slice(0, 16)}`]);
    }
    const { passed, failed, skipped } = this.checks;
    if (passed + failed + skipped > 0) {
      const boot = this.bootTested > 0 ? `, ${this.bootTested} of them after booting the finished image` : '';
      rows.push(['  checks', `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}${boot}`]);
      if (withReasons) { this.failedChecks.forEach((line) => rows.push(['', line])); }
    }
    if (this.cached > 0) { rows.push(['  cached', `${this.cached} of ${this.total} instructions`]); }
    const phases = [...this.phases].filter(([, seconds]) => seconds >= SHOWN_SECONDS);
    if (phases.length > 0) {
      rows.push(['  times', phases.map(([phase, seconds]) => `${phase} ${formatSeconds(seconds)}`).join(', ')]);
    }
    const width = Math.max(10, ...rows.map(([label]) => label.length)) + 2;
    return rows.map(([label, text]) => `${label.padEnd(width)}${text}`);
  }

  private ending(withReasons: boolean): string[] {
    if (!this.outcome) { return ['did not run']; }
    if (this.outcome.status === 'failed' && !withReasons) { return [`FAILED after ${formatSeconds(this.outcome.seconds)}`]; }
    return outcomeLines(this.outcome, this.image);
  }
}
