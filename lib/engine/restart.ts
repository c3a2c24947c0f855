import type { MachineFolders } from './bundle/bundle';
import { isConnectionLost, type Connection } from './connection';
import { GoldenError } from '../errors';
import { quote } from '../plan/shell';

const PAUSE_MS = 500;

/** After this time without an answer, connecting is tried anew: the machine may have come back meanwhile. */
const RECONNECT_MS = 30_000;

/** What tells a machine that has restarted from one that has not yet. */
export interface RestartMark {
  /** Of the kernel. Containers may all see that of the computer they are on. */
  readonly bootId: string;
  /** In memory, so that it does not outlive a restart. */
  readonly file: string;
}

/** Restarts a machine, and waits until it takes commands again. Errors: `reboot-failed`. */
export async function restart(connection: Connection, folders: MachineFolders, timeoutMs: number): Promise<void> {
  const mark = await markBeforeRestart(connection, `${folders.state}.reboot`);
  try {
    const { exitCode, stderr } = await connection.communicator.execute('systemctl reboot 2>/dev/null || reboot', { signal: connection.options.signal });
    if (exitCode !== 0) {
      throw new GoldenError('reboot-failed', `The machine could not be restarted: ${stderr.toString().trim()}`, {
        hint: 'The source has to be a system that boots.',
      });
    }
  } catch (error) {
    // It may go down before it has answered.
    if (!isConnectionLost(error)) { throw error; }
  }
  await awaitRestart(connection, mark, timeoutMs);
}

/** Marks a machine before it restarts. */
export async function markBeforeRestart(connection: Connection, file: string): Promise<RestartMark> {
  const bootId = await connection.demand('say since when it runs', `: >${quote(file)} && cat /proc/sys/kernel/random/boot_id`);
  return { bootId: bootId.toString().trim(), file };
}

/**
 * Waits until a machine has restarted and takes commands again. Its host may not see that it restarts by itself, so the machine is asked.
 * Errors: `reboot-failed`, where it does not go down in time.
 */
export async function awaitRestart(connection: Connection, mark: RestartMark, timeoutMs: number): Promise<void> {
  const { machine, options: { clock, signal } } = connection;
  const deadline = clock.now() + timeoutMs;
  await machine.restarted(timeoutMs, signal);
  await connection.reconnect(Math.max(RECONNECT_MS, deadline - clock.now()));
  while (!await hasRestarted(connection, mark, deadline)) {
    if (clock.now() >= deadline) {
      throw new GoldenError('reboot-failed', `The machine did not restart within ${timeoutMs / 1000} s`, { hint: 'Something on it may keep it from going down.' });
    }
    await clock.sleep(PAUSE_MS, signal);
  }
}

async function hasRestarted(connection: Connection, { bootId, file }: RestartMark, deadline: number): Promise<boolean> {
  const { communicator, options: { clock, signal } } = connection;
  const probe = `if [ -e ${quote(file)} ] && [ "$(cat /proc/sys/kernel/random/boot_id)" = ${quote(bootId)} ]; then echo waiting; else rm -f ${quote(file)}; fi`;
  try {
    const { exitCode, stdout } = await communicator.execute(probe, { signal });
    return exitCode === 0 && stdout.toString().trim() !== 'waiting';
  } catch (error) {
    if (!isConnectionLost(error)) { throw error; }
    // It goes down just now.
    await communicator.connect({ timeoutMs: Math.max(RECONNECT_MS, deadline - clock.now()), signal });
    return false;
  }
}
