import type { Output } from './surroundings';

/** What may wait in this process for its reader. */
const WAITING_BYTES = 4 << 20;

/** What a process writes. A pipe takes whatever it is given, and keeps it in memory until it is read. */
export function processOutput(stream: NodeJS.WriteStream, signal: AbortSignal): Output {
  // One wait for all builds of the process, which may be a hundred.
  let waiting: Promise<void> | undefined;
  return {
    write: (text) => { stream.write(text); },
    caughtUp: () => {
      if (stream.destroyed || signal.aborted || stream.writableLength < WAITING_BYTES) { return undefined; }
      return waiting ??= drained(stream, signal).finally(() => { waiting = undefined; });
    },
    get terminal() { return stream.isTTY ? { columns: stream.columns || 80, rows: stream.rows || 24 } : undefined; },
  };
}

/** Everything was read, nobody reads any more, or nobody waits any more. */
function drained(stream: NodeJS.WriteStream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      for (const event of ['drain', 'close', 'error']) { stream.off(event, end); }
      signal.removeEventListener('abort', end);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) { stream.on(event, end); }
    signal.addEventListener('abort', end);
  });
}
