import type { MachineFolders } from './bundle/bundle';
import { CLEAN_SCRIPT } from './clean-script';
import type { Connection } from './connection';
import { quoteAll } from '../plan/shell';
import type { Machine } from '../ports/host';

/** No longer than the shortest lease. */
const TIMEOUT_MS = 300_000;

/** Cleans a machine for its capture, and ends its lease: the last act on it. Returns a line for each thing that was removed. */
export async function cleanMachine(connection: Connection, folders: MachineFolders, authorizedKey: string | undefined): Promise<string[]> {
  // Of the key only what identifies it; the comment behind it may have been changed.
  const key = authorizedKey?.split(' ').slice(0, 2).join(' ') ?? '';
  const command = quoteAll(['sh', '-s', '--', connection.machine.access.user, folders.state, key]);
  const output = await connection.demand('be cleaned for its capture', command, { stdin: scriptFor(connection.machine), timeoutMs: TIMEOUT_MS });
  return output.toString().split('\n').filter(Boolean);
}

/** Renews it for the last time, and ends it where all is clean, in the same act: nobody renews it meanwhile. */
function scriptFor({ lease, leave = '' }: Machine): string {
  const clean = `${leave}${CLEAN_SCRIPT}`;
  return lease ? `${lease.renew}\n${clean}[ $? = 0 ] || exit 1\n${lease.disarm}\n` : clean;
}
