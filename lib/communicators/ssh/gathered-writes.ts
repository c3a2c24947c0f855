import type { Duplex } from 'stream';

/** More than this is on its way while what follows is still being encrypted. */
const MOST = 256 << 10;

/** Has what is written to a stream within one turn leave together: ssh2 writes each packet in three pieces. */
export function gatherWrites(stream: Duplex): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  let gathers = false;
  let gathered = 0;
  stream.write = (...args: unknown[]) => {
    if (!gathers) {
      gathers = true;
      stream.cork();
      process.nextTick(() => {
        gathers = false;
        stream.uncork();
      });
    }
    const goesOn = write(...args);
    gathered += (args[0] as Buffer).length;
    if (gathered >= MOST) {
      gathered = 0;
      stream.uncork();
      stream.cork();
    }
    return goesOn;
  };
}
