import { StringDecoder } from 'string_decoder';
import type { Redaction, Redactor } from './redact';
import type { EventSink } from '../ports/events';

/** Kept of each stream, for the message of a failure. */
const TAIL_CHARACTERS = 8192;

type StreamName = 'stdout' | 'stderr';

/** What one instruction writes, on its way to the event sink: without secrets, as text, with its last lines remembered. */
export class InstructionLog {
  private readonly streams: Readonly<Record<StreamName, LogStream>>;

  constructor(private readonly index: number, redaction: Redaction, private readonly report: EventSink) {
    this.streams = { stdout: new LogStream(redaction.stream()), stderr: new LogStream(redaction.stream()) };
  }

  write(stream: StreamName, data: Buffer): void {
    this.show(stream, this.streams[stream].push(data));
  }

  /** Shows what was held back, since it might have been the beginning of a secret. */
  end(): void {
    this.show('stdout', this.streams.stdout.end());
    this.show('stderr', this.streams.stderr.end());
  }

  /** The last lines, of stderr where it has any. */
  lastLines(count: number): string[] {
    const lines = (stream: StreamName) => this.streams[stream].tail.split('\n').map((line) => line.trimEnd()).filter(Boolean).slice(-count);
    const errors = lines('stderr');
    return errors.length > 0 ? errors : lines('stdout');
  }

  private show(stream: StreamName, text: string): void {
    if (text !== '') { this.report({ type: 'instruction.output', index: this.index, stream, text }); }
  }
}

class LogStream {
  tail = '';
  private readonly decoder = new StringDecoder('utf8');

  constructor(private readonly redactor: Redactor) {}

  push(data: Buffer): string {
    return this.keep(this.decoder.write(this.redactor.push(data)));
  }

  end(): string {
    return this.keep(this.decoder.write(this.redactor.end()) + this.decoder.end());
  }

  private keep(text: string): string {
    this.tail = (this.tail + text).slice(-TAIL_CHARACTERS);
    return text;
  }
}
