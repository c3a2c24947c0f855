import { resolve } from 'path';
import { removeOldRecords } from '../app/build-records';
import { count } from '../reporting/figures';
import type { Surroundings } from '../surroundings';
import { stateFolder } from '../wiring';

export interface GcOptions {
  readonly host: string;
  readonly output: string;
}

/** Removes what builds that are gone left behind, and old records. Nothing of a running build, and no finished artifact. */
export async function gcCommand(options: GcOptions, surroundings: Surroundings): Promise<number> {
  const { clock, signal, stdout } = surroundings;
  const state = stateFolder(surroundings.environment);
  const { host } = await surroundings.hosts({
    kind: options.host, stateFolder: state, outputFolder: resolve(surroundings.folder, options.output), allowHostLoopback: false,
  });
  const removed = await host.collectGarbage({
    buildId: 'gc',
    report: (event) => { if (event.type === 'notice') { surroundings.stderr.write(`${event.message}\n`); } },
    signal,
    // Removing starts nothing that would have to be undone.
    intend: async () => { /* nothing to record */ },
    late: async () => { throw new Error('Nothing is built here'); },
  });
  const all = [...removed, ...removeOldRecords(state, clock.now())];
  stdout.write([...all.map((line) => `removed ${line}`), all.length === 0 ? 'Nothing to remove.' : `Removed ${count(all.length, 'thing')}.`].join('\n') + '\n');
  return 0;
}
