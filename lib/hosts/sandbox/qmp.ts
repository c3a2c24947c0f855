import { createInterface } from 'readline';
import type { Readable, Writable } from 'stream';
import { GoldenError } from '../../errors';

interface Reply {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
}

/** Talks to a QEMU over its machine protocol: one JSON object a line. */
export class Qmp {
  private readonly pending = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }>();
  private count = 0;
  private ended = false;

  constructor(from: Readable, private readonly to: Writable, private readonly onEvent: (event: string) => void) {
    const lines = createInterface({ input: from });
    lines.on('line', (line) => this.receive(JSON.parse(line) as Reply));
    lines.on('close', () => this.end());
    to.on('error', () => this.end());
  }

  /** Has to be called once, first. */
  async negotiate(): Promise<void> {
    await this.execute('qmp_capabilities');
  }

  /** Errors: `qemu-refused`, and `machine-lost` where QEMU has ended. */
  execute(command: string, parameters: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(machineLost());
        return;
      }
      const id = ++this.count;
      this.pending.set(id, { resolve, reject });
      this.to.write(`${JSON.stringify({ execute: command, arguments: parameters, id })}\n`);
    });
  }

  /** A command for people; its answer is text. */
  async monitor(line: string): Promise<string> {
    return String(await this.execute('human-monitor-command', { 'command-line': line }));
  }

  private receive(reply: Reply): void {
    if (reply.event !== undefined) { this.onEvent(reply.event); }
    const waiting = reply.id === undefined ? undefined : this.pending.get(reply.id);
    if (!waiting) { return; }
    this.pending.delete(reply.id!);
    if (reply.error) {
      waiting.reject(new GoldenError('qemu-refused', `QEMU refused a command: ${reply.error.desc}`));
    } else {
      waiting.resolve(reply.return);
    }
  }

  private end(): void {
    this.ended = true;
    for (const { reject } of this.pending.values()) { reject(machineLost()); }
    this.pending.clear();
  }
}

function machineLost(): GoldenError {
  return new GoldenError('machine-lost', 'QEMU ended');
}
