import type { Client, ClientChannel } from 'ssh2';
import { login, type LoginOptions } from './login';
import { Sessions } from './sessions';
import { GoldenError } from '../../errors';

/** As many as carry what a session each has room for of the largest input that goes with a command. */
const MAX_CHANNELS = 6;

export interface ChannelOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Does not wait for its turn. */
  readonly urgent?: boolean;
}

/** How one machine is logged in to. */
export type LoginTarget = Pick<LoginOptions, 'dial' | 'user' | 'identity' | 'hostKey'>;

interface Connected {
  readonly client: Client;
  readonly sessions: Sessions;
}

/** Starts a command with the login itself. */
type Begin = (sessions: Sessions) => void;

/** One connection for everything, opened when it is needed and again after it was lost. */
export class SshConnection {
  /** The machine has proven once that it is the right one. */
  proven = false;
  private connected?: Promise<Connected>;
  private isClosed = false;
  /** A server has let us in, and not taken the command that came with the login. */
  private isStrict = false;
  private sessions?: Sessions;
  private channels = 0;
  private readonly queue: (() => void)[] = [];

  constructor(private readonly target: LoginTarget) {}

  /** Whether waiting for an answer takes longer than another session costs. */
  get isFar(): boolean { return this.sessions?.isFar ?? false; }

  /** Waits until the sessions are open that were asked for. */
  async opened(): Promise<void> {
    await this.sessions?.opened();
  }

  /** How many commands can be started without waiting for a session or a turn, so that one more can be to end them. */
  get sessionsAtHand(): number { return Math.min(MAX_CHANNELS - this.channels, (this.sessions?.atHand ?? 0) - 1); }

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
  async ready(options: ChannelOptions, begin?: Begin): Promise<Connected> {
    if (this.isClosed) { throw new GoldenError('connection-lost', 'The connection to the machine was closed'); }
    this.connected ??= this.logIn(options, begin);
    const connected = this.connected;
    connected.catch(() => { if (this.connected === connected) { this.connected = undefined; } });
    return connected;
  }

  /** Ends it for good: who comes late does not open it again. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.end();
  }

  /** Ends the connection that there is; the next command opens another. */
  async drop(): Promise<void> {
    this.isClosed = false;
    await this.end();
  }

  private async end(): Promise<void> {
    const connected = await this.connected?.catch(() => undefined);
    this.connected = undefined;
    connected?.client.destroy();
  }

  /** A place goes to the next in the queue, or back. */
  private release(): void {
    const next = this.queue.shift();
    if (next) { next(); } else { this.channels--; }
  }

  private async open<T>(command: string, options: ChannelOptions, attach: (channel: ClientChannel) => T): Promise<T> {
    let early: Promise<T> | undefined;
    const begin: Begin = (sessions) => {
      early = sessions.runFirst(command, attach);
      // Where the login fails, that is said.
      early?.catch(() => undefined);
    };
    const { sessions } = await this.ready(options, this.isStrict ? undefined : begin);
    try {
      return await (early ?? sessions.run(command, attach));
    } catch (error) {
      this.isStrict ||= early !== undefined;
      throw new GoldenError('connection-lost', `The machine took no command: ${(error as Error).message}`, { cause: error });
    }
  }

  private async logIn(options: ChannelOptions, begin?: Begin): Promise<Connected> {
    let sessions: Sessions | undefined;
    const client = await login({
      ...this.target,
      ...options,
      follow: (early) => {
        if (sessions) { return; }
        sessions = new Sessions(early);
        begin?.(sessions);
        sessions.fill();
      },
    });
    this.proven = true;
    sessions ??= new Sessions(client);
    sessions.fill();
    this.sessions = sessions;
    client.once('close', () => {
      if (this.sessions !== sessions) { return; }
      this.connected = undefined;
      this.sessions = undefined;
    });
    return { client, sessions };
  }
}
