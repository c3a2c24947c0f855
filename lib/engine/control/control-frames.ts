/** What goes over the control socket of a build: to the build `request`, `stdin`, `stdinEnd`, `size`; from it the others. */
export const FRAME = { request: 1, stdin: 2, stdinEnd: 3, size: 4, stdout: 5, stderr: 6, exit: 7, failure: 8 } as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

export interface ControlFrame {
  readonly type: FrameType;
  readonly content: Buffer;
}

const HEADER_BYTES = 5;
/** Streams come in smaller pieces. */
const MOST_BYTES = 16 << 20;

export function encodeFrame(type: FrameType, content: Buffer | object = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([header, bytes]);
}

/** Puts frames together from the pieces in which they arrive. */
export class FrameParser {
  private bytes = Buffer.alloc(0);

  add(piece: Buffer): ControlFrame[] {
    this.bytes = Buffer.concat([this.bytes, piece]);
    const frames: ControlFrame[] = [];
    while (this.bytes.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.bytes.readUInt32BE(1);
      if (end > MOST_BYTES) { throw new Error('a frame is too large'); }
      if (this.bytes.length < end) { break; }
      frames.push({ type: this.bytes.readUInt8(0) as FrameType, content: this.bytes.subarray(HEADER_BYTES, end) });
      this.bytes = this.bytes.subarray(end);
    }
    return frames;
  }
}
