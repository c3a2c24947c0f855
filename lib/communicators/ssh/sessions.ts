import { setTimeout as sleep } from 'timers/promises';
import type { Client, ClientChannel } from 'ssh2';
import { openSession, runInSession } from './ahead';

/** Sessions that wait for a command, so that it need not wait for a session. */
const SPARE = 2;

/** A server that has no session left may only not have noticed yet that others have ended. */
const TRIES = 20;
const PAUSE_MS = 50;

/** Sessions of one login. */
export class Sessions {
  private readonly spare: Promise<ClientChannel | undefined>[] = [];
  private closed = false;

  constructor(private readonly client: Client) {
    client.once('close', () => { this.closed = true; });
  }

  /** Opens what is missing to have some at hand. */
  fill(): void {
    while (this.spare.length < SPARE) { this.spare.push(openSession(this.client).catch(() => undefined)); }
  }

  /**
   * Starts a command. What goes to its stdin may follow at once.
   * @param attach gets the channel before anything that happens to it
   */
  async run<T>(command: string, attach: (channel: ClientChannel) => T): Promise<T> {
    const session = await this.take();
    const attached = attach(session);
    runInSession(this.client, session, command);
    this.fill();
    return attached;
  }

  private async take(): Promise<ClientChannel> {
    for (let spare = this.spare.shift(); spare; spare = this.spare.shift()) {
      const session = await spare;
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
