import type { Client, ClientChannel } from 'ssh2';
import type { KeyPair } from './keys';
import { login } from './login';
import { GoldenError } from '../../errors';
import type { Machine } from '../../ports/host';

/**
 * OpenSSH takes 10 sessions on one connection, and still counts one that has ended when the next is asked for in the same breath:
 * twice 4, and some for ending commands.
 */
const MAX_CHANNELS = 4;

export interface ChannelOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Does not wait for its turn. */
  readonly urgent?: boolean;
}

/** One connection for everything, opened when it is needed and again after it was lost. */
export class SshConnection {
  private client?: Promise<Client>;
  private channels = 0;
  private readonly queue: (() => void)[] = [];

  constructor(private readonly machine: Machine, private readonly key: KeyPair, private readonly hostKey: string) {}

  /**
   * Starts a command.
   * @param attach gets the channel before anything that happens to it; a short command may begin and end within one packet
   */
  async channel<T>(command: string, options: ChannelOptions, attach: (channel: ClientChannel) => T): Promise<T> {
    if (options.urgent) { return this.open(command, options, attach); }
    if (this.channels >= MAX_CHANNELS) { await new Promise<void>((resolve) => this.queue.push(resolve)); } else { this.channels++; }
    return this.open(command, options, (channel) => {
      channel.once('close', () => this.release());
      return attach(channel);
    }).catch((error) => {
      this.release();
      throw error;
    });
  }

  /** Logs in where that has not been done; several callers share one try. */
  async ready(options: ChannelOptions): Promise<Client> {
    this.client ??= this.logIn(options);
    const client = this.client;
    client.catch(() => { if (this.client === client) { this.client = undefined; } });
    return client;
  }

  async close(): Promise<void> {
    const client = await this.client?.catch(() => undefined);
    this.client = undefined;
    client?.destroy();
  }

  /** A place goes to the next in the queue, or back. */
  private release(): void {
    const next = this.queue.shift();
    if (next) { next(); } else { this.channels--; }
  }

  private async open<T>(command: string, options: ChannelOptions, attach: (channel: ClientChannel) => T): Promise<T> {
    const client = await this.ready(options);
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(new GoldenError('connection-lost', `The machine took no command: ${error.message}`, { cause: error }));
      try {
        client.exec(command, (error, channel) => (error ? fail(error) : resolve(attach(channel))));
      } catch (error) { // not connected any more
        fail(error as Error);
      }
    });
  }

  private async logIn(options: ChannelOptions): Promise<Client> {
    const { access } = this.machine;
    if (!access.dial) {
      throw new GoldenError('unreachable', `${this.machine.description} has no network port for SSH`, { hint: 'Use another communicator for it.' });
    }
    const client = await login({ dial: access.dial, user: access.user, key: this.key, hostKey: this.hostKey, ...options });
    client.once('close', () => { this.client = undefined; });
    return client;
  }
}
