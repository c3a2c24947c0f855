import { parseRecord, type RunnerRecord } from './records';
import { GoldenError } from '../../errors';

/** What a follower hands over. */
export type Frame =
  | { readonly type: 'record'; readonly record: RunnerRecord }
  | { readonly type: 'output'; readonly index: number; readonly stream: 'stdout' | 'stderr'; readonly data: Buffer }
  | { readonly type: 'gone' };

/** How far a runner was followed, to the byte: where the next follower goes on. */
export class Cursor {
  records = 0;
  /** The instruction in progress, with the bytes of its output that are known. */
  index: number | undefined;
  stdout = 0;
  stderr = 0;

  /** Arguments of a follower's script. */
  words(): string[] {
    return [this.records, this.index ?? '-', this.stdout, this.stderr].map(String);
  }

  take(record: RunnerRecord): void {
    this.records++;
    if (record.type === 'start' && record.index !== this.index) {
      this.index = record.index;
      this.stdout = 0;
      this.stderr = 0;
    }
  }
}

/** Headers are short; anything longer is not of a follower. */
const LONGEST_HEADER = 200;

/** Reads what one follower writes, however it is cut, and moves the cursor with it. */
export class FrameReader {
  private header = Buffer.alloc(0);
  /** The output that the bytes to come belong to. */
  private body: { readonly index: number; readonly stream: 'stdout' | 'stderr'; left: number } | undefined;

  constructor(private readonly cursor: Cursor) {}

  /** The frames that are complete with this piece; of output, each piece is one. */
  *read(piece: Buffer): Generator<Frame> {
    let rest = piece;
    while (rest.length > 0) {
      if (this.body) {
        const data = rest.subarray(0, this.body.left);
        rest = rest.subarray(data.length);
        yield this.output(this.body, data);
        continue;
      }
      const end = rest.indexOf(10);
      this.header = Buffer.concat([this.header, end < 0 ? rest : rest.subarray(0, end)]);
      if (this.header.length > LONGEST_HEADER) { throw notAFollower(this.header); }
      if (end < 0) { return; }
      rest = rest.subarray(end + 1);
      const line = this.header.toString('latin1');
      this.header = Buffer.alloc(0);
      yield* this.line(line);
    }
  }

  private *line(line: string): Generator<Frame> {
    if (line === 'h') { return; }
    if (line === 'x') {
      yield { type: 'gone' };
      return;
    }
    const record = line.startsWith('r ') ? parseRecord(line.slice(2)) : undefined;
    if (record) {
      this.cursor.take(record);
      yield { type: 'record', record };
      return;
    }
    const [, kind, index, offset, length] = /^([oe]) (\d+) (\d+) (\d+)$/.exec(line) ?? [];
    const stream = kind === 'o' ? 'stdout' : 'stderr';
    if (!kind || Number(index) !== this.cursor.index || Number(offset) !== this.cursor[stream]) { throw notAFollower(Buffer.from(line)); }
    this.body = { index: Number(index), stream, left: Number(length) };
  }

  private output(body: NonNullable<FrameReader['body']>, data: Buffer): Frame {
    body.left -= data.length;
    this.cursor[body.stream] += data.length;
    if (body.left === 0) { this.body = undefined; }
    return { type: 'output', index: body.index, stream: body.stream, data };
  }
}

/** What was received cannot be right: the bytes before it were, so following again from there helps. */
function notAFollower(line: Buffer): GoldenError {
  return new GoldenError('connection-lost', `What the machine sent is not what its runner wrote: ${JSON.stringify(line.subarray(0, 80).toString('latin1'))}`);
}
