import { setTimeout as sleep } from 'timers/promises';
import type { Client, ClientChannel } from 'ssh2';
import { openSession, runInFirst, runInSession } from './ahead';

/** Sessions that wait for a command, so that it need not wait for a session; some, so that a large input can come over several. */
const SPARE = 7;

/** OpenSSH takes 10 on one connection, and still counts one that has ended when the next is asked for in the same breath. */
const MOST = 9;

/** On a shorter way, further sessions cost more than they save. */
const FAR_MS = 15;

/** A server that has no session left may only not have noticed yet that others have ended. */
const TRIES = 20;
const PAUSE_MS = 50;

/** Sessions of one login. */
export class Sessions {
  private readonly spare: Promise<ClientChannel | undefined>[] = [];
  private readonly waiting = new Set<ClientChannel>();
  /** How many have a command, or will have one. */
  private running = 0;
  private closed = false;
  /** Milliseconds that the quickest session took to open. */
  private roundTripMs = Infinity;

  constructor(private readonly client: Client) {
    client.once('close', () => { this.closed = true; });
  }

  /** Whether waiting for an answer takes longer than another session costs. */
  get isFar(): boolean { return this.roundTripMs > FAR_MS; }

  /** How many are open and wait for a command. */
  get atHand(): number { return this.closed ? 0 : this.waiting.size; }

  /**
   * Starts the first command of a connection, as early as the server takes one. Undefined: with this server that cannot be.
   * @param attach gets the channel before anything that happens to it
   */
  runFirst<T>(command: string, attach: (channel: ClientChannel) => T): Promise<T> | undefined {
    const over = () => { this.running--; };
    const started = runInFirst(this.client, command, (session) => {
      session.once('close', over);
      return attach(session);
    });
    if (!started) { return undefined; }
    this.running++;
    started.catch(over);
    return started;
  }

  /** Opens what is missing to have some at hand. */
  fill(): void {
    while (this.spare.length < Math.min(SPARE, MOST - this.running)) { this.spare.push(this.openSpare().catch(() => undefined)); }
  }

  /** Waits until those are open that were asked for. */
  async opened(): Promise<void> {
    await Promise.all(this.spare);
  }

  /**
   * Starts a command. What goes to its stdin may follow at once.
   * @param attach gets the channel before anything that happens to it
   */
  async run<T>(command: string, attach: (channel: ClientChannel) => T): Promise<T> {
    const over = () => { this.running--; };
    this.running++;
    const session = await this.take().catch((error: unknown) => { over(); throw error; });
    session.once('close', over);
    const attached = attach(session);
    runInSession(this.client, session, command, this.isFar);
    this.fill();
    return attached;
  }

  private async openSpare(): Promise<ClientChannel> {
    const asked = performance.now();
    const session = await openSession(this.client);
    this.roundTripMs = Math.min(this.roundTripMs, performance.now() - asked);
    this.waiting.add(session);
    return session;
  }

  private async take(): Promise<ClientChannel> {
    for (let spare = this.spare.shift(); spare; spare = this.spare.shift()) {
      const session = await spare;
      if (session) { this.waiting.delete(session); }
      if (session?.writable && !this.closed) { return session; }
    }
    for (let tries = 1; ; tries++) {
      if (this.closed) { throw new Error('Not connected'); }
      try {
        return await openSession(this.client);
      } catch (error) {
        if (tries === TRIES) { throw error; }
        await sleep(PAUSE_MS);
      }
    }
  }
}
