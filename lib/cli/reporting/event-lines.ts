import { count, formatSeconds } from './figures';
import type { TimedEvent } from './reporter';
import { harmlessLine, LineAssembler } from './terminal-text';
import type { BuildOutcome } from '../../ports/events';

/** Turns the events of one image into lines for people. */
export class EventLines {
  private total = 0;
  private readonly streams = new Map<string, LineAssembler>();

  /** Whatever they quote, of machines, plans and files, is harmless to a terminal. */
  lines(event: TimedEvent): string[] {
    return this.rawLines(event).map(harmlessLine);
  }

  private rawLines(event: TimedEvent): string[] {
    switch (event.type) {
      case 'build.started':
        this.total = event.instructions;
        return [`building on the host ${event.host}: ${count(event.instructions, 'instruction')}, definition ${event.definitionHash.slice(0, 16)}`];
      case 'build.keyed':
        return [`build key ${event.buildKey.slice(0, 16)}, ${event.cached} of ${count(this.total, 'instruction')} cached`];
      case 'phase.started':
        return [`${event.phase}${event.detail ? `: ${event.detail}` : ''}`];
      case 'phase.finished':
        return [`${event.phase} took ${formatSeconds(event.seconds)}`];
      case 'instruction.cached':
        return [`${this.number(event.index)} ${event.origin}: cached`];
      case 'instruction.started':
        return [`${this.number(event.index)} ${event.origin}${event.attempt > 1 ? `: attempt ${event.attempt}` : ''}`];
      case 'instruction.output':
        return this.stream(event.index, event.stream).add(event.text).map((line) => this.output(event.index, line));
      case 'instruction.finished':
        return [
          ...(['stdout', 'stderr'] as const).flatMap((stream) => this.stream(event.index, stream).flush().map((line) => this.output(event.index, line))),
          `${this.number(event.index)} ${event.origin}: ${event.ok ? 'done' : `FAILED with exit code ${event.exitCode}`} after ${formatSeconds(event.seconds)}`,
        ];
      case 'layer.saved':
        return [`checkpoint after ${count(event.after, 'instruction')} saved in ${formatSeconds(event.seconds)}`];
      case 'check.finished':
        return [`check ${event.check}: ${event.attribute} ${event.outcome === 'failed' ? 'FAILED' : event.outcome}`
          + `${event.message && event.outcome === 'failed' ? `: ${event.message}` : ''}`];
      case 'notice':
        return event.message.split('\n').map((line) => `${event.level === 'warning' ? 'warning: ' : ''}${line}`);
      case 'build.finished':
        return outcomeLines(event, event.image);
    }
  }

  /** The last lines of what instructions wrote, for the live view. */
  private output(index: number, line: string): string {
    // What stands before a carriage return goes, our own words do not.
    return `${this.number(index)}   ${harmlessLine(line)}`;
  }

  private number(index: number): string {
    return `[${index + 1}/${Math.max(this.total, index + 1)}]`;
  }

  private stream(index: number, name: 'stdout' | 'stderr'): LineAssembler {
    const key = `${index} ${name}`;
    const known = this.streams.get(key) ?? new LineAssembler();
    this.streams.set(key, known);
    return known;
  }
}

/**
 * How a build ended, and where it failed also why and what to do.
 * @param image construct path that stands before the lines anyway
 */
export function outcomeLines(outcome: BuildOutcome, image?: string): string[] {
  switch (outcome.status) {
    case 'built': return [`built in ${formatSeconds(outcome.seconds)}: ${outcome.artifact?.id ?? 'no artifact'}`];
    case 'unchanged': return [`unchanged: ${outcome.artifact?.id ?? 'no artifact'}`];
    case 'interrupted': return [`interrupted after ${formatSeconds(outcome.seconds)}`];
    case 'failed': {
      const { message = 'for a reason unknown', hint, path } = outcome.error ?? {};
      return [
        ...`FAILED after ${formatSeconds(outcome.seconds)}: ${path && path !== image ? `${path}: ` : ''}${message}`.split('\n').map(harmlessLine),
        ...hint ? hint.split('\n').map((line) => `  ${harmlessLine(line)}`) : [],
      ];
    }
  }
}
