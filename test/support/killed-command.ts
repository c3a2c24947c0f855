import { mortalState, type Kill } from './mortal-state';
import { runCli } from '../../lib/cli/cli';
import { openStateStore, systemClock, wireHost } from '../../lib/cli/wiring';

/** The command line in a process of its own, which is killed at a record of its journal. */
export interface KilledCommandOptions {
  readonly argv: readonly string[];
  /** Absent: it lives. */
  readonly kill?: Kill;
}

async function main({ argv, kill }: KilledCommandOptions): Promise<void> {
  const exitCode = await runCli(argv, {
    folder: process.cwd(),
    environment: process.env,
    stdout: { write: (text) => { process.stdout.write(text); } },
    stderr: { write: (text) => { process.stderr.write(text); } },
    clock: systemClock,
    signal: new AbortController().signal,
    hosts: wireHost,
    states: async (options) => mortalState(await openStateStore(options), kill),
  });
  process.stdout.write('', () => process.exit(exitCode));
}

void main(JSON.parse(process.argv[2]) as KilledCommandOptions);
