import { CancelCommandCommand, GetCommandInvocationCommand, SendCommandCommand } from '@aws-sdk/client-ssm';
import { interrupted, type Call, type CallOptions, type SsmApi } from './ssm-api';
import { GoldenError } from '../../errors';
import type { Clock } from '../../ports/clock';

/** The agent works on 5 commands at a time; one is left for what ends the others. */
const AT_ONCE = 4;
/** How long a call is tried again. */
const CALL_MS = 30_000;
/** How long an instance may be unknown that was known before. */
const UNKNOWN_MS = 3_000;
/** A command that the agent did not fetch in this time is not run; Systems Manager takes no shorter time. */
const DELIVERY_SECONDS = 30;

/** What a command may take to the machine, and its answer back. */
const TRANSIT_SECONDS = 5;
const CANCEL_MS = 3_000;

const FIRST_LOOK_MS = 120;
const SHORTEST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 1_500;

export interface RunOptions {
  /** How long the text runs at the longest. */
  readonly seconds: number;
  readonly signal?: AbortSignal;
  /** Does not wait for its turn. */
  readonly urgent?: boolean;
  /** How long an instance may be unknown. @default some seconds, since it was known before */
  readonly unknownMs?: number;
}

/** Runs short texts on one instance by Run Command. What they are may run twice, where an answer got lost. */
export class RunCommand {
  private running = 0;
  private readonly queue: (() => void)[] = [];
  /** What the quickest commands take of late: the first look comes then. */
  private usualMs = FIRST_LOOK_MS;

  constructor(private readonly api: SsmApi, private readonly instanceId: string, private readonly clock: Clock) {}

  /** Runs a text, and returns what it wrote to stdout. Errors: `connection-lost`, `interrupted`, and those that say what to do. */
  async run(text: string, options: RunOptions): Promise<string> {
    if (options.urgent) { return this.runNow(text, options); }
    if (this.running >= AT_ONCE) { await new Promise<void>((resolve) => this.queue.push(resolve)); } else { this.running++; }
    try {
      return await this.runNow(text, options);
    } finally {
      const next = this.queue.shift();
      if (next) { next(); } else { this.running--; }
    }
  }

  private async runNow(text: string, options: RunOptions): Promise<string> {
    const { signal } = options;
    const begun = this.clock.now();
    const commandId = await this.send(text, options);
    try {
      return await this.answer(commandId, begun, begun + (options.seconds + TRANSIT_SECONDS) * 1000, signal);
    } catch (error) {
      // One that has not reached the machine yet should not.
      await this.call('CancelCommand', (client, abort) => client.send(new CancelCommandCommand({ CommandId: commandId }), abort)).catch(() => undefined);
      throw error;
    }
  }

  private async send(text: string, { seconds, signal, unknownMs = UNKNOWN_MS }: RunOptions): Promise<string> {
    const input = {
      DocumentName: 'AWS-RunShellScript',
      InstanceIds: [this.instanceId],
      Parameters: { commands: [text], executionTimeout: [String(Math.ceil(seconds) + DELIVERY_SECONDS)] },
      TimeoutSeconds: DELIVERY_SECONDS,
      Comment: 'golden build',
    };
    const sent = await this.call('SendCommand', (client, abort) => client.send(new SendCommandCommand(input), abort), {
      patienceMs: CALL_MS, signal, passing: { name: 'InvalidInstanceId', ms: unknownMs },
    });
    return sent.Command!.CommandId!;
  }

  private async answer(commandId: string, begun: number, deadline: number, signal?: AbortSignal): Promise<string> {
    const input = { CommandId: commandId, InstanceId: this.instanceId };
    await this.pause(this.usualMs - (this.clock.now() - begun), signal);
    for (;;) {
      const invocation = await this.call('GetCommandInvocation', (client, abort) => client.send(new GetCommandInvocationCommand(input), abort), {
        patienceMs: CALL_MS, signal, passing: { name: 'InvocationDoesNotExist', ms: CALL_MS },
      });
      const took = this.clock.now() - begun;
      switch (invocation.Status) {
        case 'Success': case 'Failed':
          this.learn(took);
          return invocation.StandardOutputContent ?? '';
        case 'Pending': case 'InProgress': case 'Delayed':
          break;
        default:
          throw new GoldenError('connection-lost', `The SSM agent did not run a command (${invocation.StatusDetails || invocation.Status})`);
      }
      if (this.clock.now() > deadline) { throw new GoldenError('connection-lost', 'The SSM agent does not answer'); }
      await this.pause(Math.min(LONGEST_LOOK_MS, Math.max(SHORTEST_LOOK_MS, took / 4)), signal);
    }
  }

  /** Follows quick commands at once, slow ones hardly: they waited for something. */
  private learn(took: number): void {
    this.usualMs = Math.max(SHORTEST_LOOK_MS, took < this.usualMs ? took * 0.8 : Math.min(this.usualMs * 1.1, took * 0.8));
  }

  private call<T>(action: string, send: Call<T>, options: Partial<CallOptions> = {}): Promise<T> {
    return this.api.call(action, send, { clock: this.clock, patienceMs: CANCEL_MS, ...options });
  }

  private async pause(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms > 0) { await this.clock.sleep(ms * this.api.slowness, signal).catch((cause: unknown) => { throw interrupted(cause); }); }
  }
}
