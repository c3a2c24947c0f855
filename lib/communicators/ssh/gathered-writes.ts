import type { Duplex } from 'stream';

/** Has what is written to a stream within one turn leave together: ssh2 writes each packet in three pieces. */
export function gatherWrites(stream: Duplex): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  let gathers = false;
  stream.write = (...args: unknown[]) => {
    if (!gathers) {
      gathers = true;
      stream.cork();
      process.nextTick(() => {
        gathers = false;
        stream.uncork();
      });
    }
    return write(...args);
  };
}
