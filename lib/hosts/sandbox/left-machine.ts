import { discardMachine } from './machine-folder';
import { entering } from './nspawn-machine';
import type { SandboxFolder } from './sandbox-folder';
import { leaderBelow, supervisorOf } from './supervisor';
import { GoldenError } from '../../errors';
import type { DeadBuild, Machine } from '../../ports/host';

/** The machine that a build left running when its process ended. Undefined: none runs any more. */
export function findLeftMachine(folder: SandboxFolder, { intents }: DeadBuild): Machine | undefined {
  const ids = intents.filter(({ act }) => act === 'launch-machine').map(({ detail }) => String(detail.id));
  return ids.filter((id) => /^[0-9a-f]+$/.test(id)).reverse().map((id) => leftMachine(folder, id)).find((machine) => machine !== undefined);
}

function leftMachine(folder: SandboxFolder, id: string): Machine | undefined {
  const supervisor = supervisorOf(folder.machine(id));
  if (supervisor === undefined || !leaderBelow(supervisor)) { return undefined; }
  const leader = () => {
    const found = leaderBelow(supervisor);
    if (!found) { throw new GoldenError('machine-gone', `The machine ${id} is not running`); }
    return found;
  };
  const notOurs = async () => { throw new GoldenError('foreign-machine', `The machine ${id} was started by another process`, { kind: 'internal' }); };
  return {
    id,
    description: `systemd-nspawn, process ${supervisor}`,
    booted: true,
    access: { user: 'root', enter: async () => entering(id, leader()) },
    lost: new Promise(() => { /* nobody watches it */ }),
    restarted: notOurs,
    stop: notOurs,
    destroy: () => discardMachine(folder, id),
  };
}
