import type { Surroundings } from '../../lib/cli/surroundings';
import { openStateStore } from '../../lib/cli/wiring';

/** A world around the command line that keeps what is written, and whose time stands still until it is moved. */
export class TestSurroundings implements Surroundings {
  out = '';
  err = '';
  time = Date.UTC(2026, 0, 2, 3, 4, 5);
  readonly controller = new AbortController();
  readonly signal: Surroundings['signal'] = this.controller.signal;
  readonly stdout: Surroundings['stdout'];
  readonly states: Surroundings['states'] = openStateStore;
  readonly stderr: Surroundings['stderr'] = { write: (text) => { this.err += text; } };
  readonly clock: Surroundings['clock'] = {
    now: () => this.time,
    // Long enough not to spin, short enough not to wait for.
    sleep: (milliseconds, signal) => new Promise((resolve) => {
      setTimeout(resolve, Math.min(milliseconds, 20));
      signal?.addEventListener('abort', () => resolve(), { once: true });
    }),
  };

  constructor(
    readonly folder: string,
    readonly environment: NodeJS.ProcessEnv = {},
    readonly hosts: Surroundings['hosts'] = () => Promise.reject(new Error('this test has no host')),
    terminal?: { readonly columns: number; readonly rows: number },
  ) {
    this.stdout = { write: (text) => { this.out += text; }, terminal };
  }
}
