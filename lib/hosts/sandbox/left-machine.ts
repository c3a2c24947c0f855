import { discardMachine } from './machine-folder';
import { enteringNamespace, namespaceLeader } from './namespace-machine';
import { entering } from './nspawn-machine';
import { allProcesses, argumentsOf } from './process-table';
import type { SandboxFolder } from './sandbox-folder';
import { leaderBelow, supervisorOf } from './supervisor';
import { GoldenError } from '../../errors';
import type { DeadBuild, Machine } from '../../ports/host';

/** The machine that a build left running when its process ended. Undefined: none runs any more. Errors: `no-way-in`, where one runs under QEMU. */
export function findLeftMachine(folder: SandboxFolder, { buildId, intents }: DeadBuild): Machine | undefined {
  const ids = intents.filter(({ act }) => act === 'launch-machine').map(({ detail }) => String(detail.id)).filter((id) => /^(boot-)?[0-9a-f]+$/.test(id)).reverse();
  for (const id of ids) {
    const machine = leftMachine(folder, id);
    if (machine) { return machine; }
    if (!runsUnderQemu(folder.machine(id))) { continue; }
    throw new GoldenError('no-way-in', `The machine that the build ${buildId} left runs under QEMU, and the key to it was in the memory of that build`, {
      hint: 'golden gc removes it. With --on-error ask, a build opens a shell on it.',
    });
  }
  return undefined;
}

function leftMachine(folder: SandboxFolder, id: string): Machine | undefined {
  const supervisor = supervisorOf(folder.machine(id));
  if (supervisor === undefined) { return undefined; }
  const place = placeOf(id, supervisor);
  if (!place) { return undefined; }
  const notOurs = async () => { throw new GoldenError('foreign-machine', `The machine ${id} was started by another process`, { kind: 'internal' }); };
  return {
    ...place,
    id,
    lost: new Promise(() => { /* nobody watches it */ }),
    restarted: notOurs,
    stop: notOurs,
    destroy: () => discardMachine(folder, id),
  };
}

/** Root's machines are booted; those of an ordinary user lie in a namespace. */
function placeOf(id: string, supervisor: number): Pick<Machine, 'booted' | 'description' | 'access'> | undefined {
  const entered = <T>(leaderOf: (supervisor: number) => T | undefined, enter: (leader: T) => readonly string[]): Machine['access'] => ({
    user: 'root',
    enter: async () => {
      const leader = leaderOf(supervisor);
      if (!leader) { throw new GoldenError('machine-gone', `The machine ${id} is not running`); }
      return enter(leader);
    },
  });
  if (leaderBelow(supervisor)) {
    return { booted: true, description: `systemd-nspawn, process ${supervisor}`, access: entered(leaderBelow, (leader) => entering(id, leader)) };
  }
  if (namespaceLeader(supervisor)) {
    return { booted: false, description: `user namespace, process ${supervisor}`, access: entered(namespaceLeader, ({ pid }) => enteringNamespace(pid)) };
  }
  return undefined;
}

function runsUnderQemu(machineFolder: string): boolean {
  return allProcesses().some(({ pid, name }) => name.startsWith('qemu-system') && argumentsOf(pid).some((word) => word.includes(machineFolder)));
}
