import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'fs';
import { join } from 'path';
import type { Clock } from '../ports/clock';
import type { BuildEvent, EventContext } from '../ports/events';

/** What an instruction writes is kept up to this many characters; of what follows, the last ones. */
const HEAD = 1 << 20;
const TAIL = 64 << 10;

/** When a build has written so much, only the ends of what its further instructions write are kept. */
const ALL_HEADS = 16 << 20;

const KEPT_LOGS = 50;

/** The folder of the logs of all builds on this computer. */
export function logFolder(stateFolder: string): string {
  return join(stateFolder, 'logs');
}

/** The log of one build: an event a line, as `--json` prints them. */
export function logPath(stateFolder: string, buildId: string): string {
  return join(logFolder(stateFolder), `${buildId}.jsonl`);
}

interface OutputPiece {
  readonly index: number;
  readonly stream: 'stdout' | 'stderr';
  text: string;
}

/** The end of what an instruction wrote. */
interface OutputEnd {
  /** Characters that are not kept. */
  left: number;
  length: number;
  readonly pieces: OutputPiece[];
}

/**
 * Keeps what a build reports, as it happens, for those who look later: without secrets, since nothing that is reported has any,
 * and bounded in size. A build goes on without it where it cannot be written.
 */
export class BuildLog {
  private file: number | undefined;
  private readonly path: string;
  private readonly written = new Map<number, number>();
  private readonly ends = new Map<number, OutputEnd>();
  private heads = 0;

  constructor(stateFolder: string, buildId: string, private readonly image: string, private readonly clock: Clock) {
    this.path = logPath(stateFolder, buildId);
    this.quietly(() => {
      mkdirSync(logFolder(stateFolder), { recursive: true, mode: 0o700 });
      removeOldLogs(logFolder(stateFolder));
      this.file = openSync(this.path, 'ax', 0o600);
    });
  }

  add(event: BuildEvent): void {
    switch (event.type) {
      case 'instruction.output':
        this.addOutput(event);
        return;
      case 'instruction.started':
        this.written.delete(event.index);
        break;
      case 'instruction.finished':
        this.endOutput(event.index);
        break;
      case 'build.finished':
        [...this.ends.keys()].forEach((index) => this.endOutput(index));
        this.write(withoutStack(event));
        this.close(event.status === 'unchanged');
        return;
      default:
    }
    this.write(event);
  }

  private addOutput(event: BuildEvent & { readonly type: 'instruction.output' }): void {
    const { index, text, stream } = event;
    const before = this.written.get(index) ?? 0;
    const room = this.ends.has(index) || this.heads >= ALL_HEADS ? 0 : Math.max(0, HEAD - before);
    const head = text.slice(0, room);
    if (head !== '') {
      this.written.set(index, before + head.length);
      this.heads += head.length;
      this.write({ ...event, text: head });
    }
    if (head.length < text.length) { this.keepEnd({ index, stream, text: text.slice(head.length) }); }
  }

  private keepEnd(piece: OutputPiece): void {
    const end = this.ends.get(piece.index) ?? { left: 0, length: 0, pieces: [] };
    this.ends.set(piece.index, end);
    end.length += piece.text.length;
    const last = end.pieces[end.pieces.length - 1];
    if (last?.stream === piece.stream) { last.text += piece.text; } else { end.pieces.push(piece); }
    // Not at each piece: to cut is to copy.
    if (end.length > 2 * TAIL) { cutTo(TAIL, end); }
  }

  private endOutput(index: number): void {
    const end = this.ends.get(index);
    if (!end) { return; }
    this.ends.delete(index);
    cutTo(TAIL, end);
    if (end.left > 0) {
      const message = `Instruction ${index + 1} wrote more than a log holds: ${end.left} characters are left out here`;
      this.write({ type: 'notice', level: 'info', message });
    }
    end.pieces.forEach((piece) => this.write({ type: 'instruction.output', ...piece }));
  }

  private write(event: BuildEvent): void {
    const { file, image } = this;
    if (file === undefined) { return; }
    const line: EventContext & BuildEvent = { time: new Date(this.clock.now()).toISOString(), image, ...event };
    this.quietly(() => writeSync(file, `${JSON.stringify(line)}\n`));
  }

  /** A build that had nothing to do is not one that anybody looks for. */
  private close(forget: boolean): void {
    const { file } = this;
    this.file = undefined;
    if (file === undefined) { return; }
    this.quietly(() => {
      closeSync(file);
      if (forget) { rmSync(this.path, { force: true }); }
    });
  }

  private quietly(act: () => void): void {
    try {
      act();
    } catch {
      this.file = undefined;
    }
  }
}

function cutTo(length: number, end: OutputEnd): void {
  while (end.length > length) {
    const [first] = end.pieces;
    const cut = Math.min(first.text.length, end.length - length);
    first.text = first.text.slice(cut);
    if (first.text === '') { end.pieces.shift(); }
    end.left += cut;
    end.length -= cut;
  }
}

/** A stack is for the file of the fault. */
function withoutStack(event: BuildEvent & { readonly type: 'build.finished' }): BuildEvent {
  return event.error?.kind === 'internal' ? { ...event, error: { ...event.error, message: event.error.message.split('\n')[0] } } : event;
}

function removeOldLogs(folder: string): void {
  const logs = readdirSync(folder).map((name) => ({ path: join(folder, name), at: statSync(join(folder, name)).mtimeMs }));
  logs.sort((a, b) => b.at - a.at).slice(KEPT_LOGS - 1).forEach(({ path }) => rmSync(path, { force: true }));
}
