import { PassThrough } from 'stream';
import type { CloudDisk, CloudMachine, CloudMachineRequest, MachineProvider } from './machine-provider';

/** A machine that runs nothing, for tests of what surrounds it. */
export interface MemoryMachine extends CloudMachine {
  readonly request: CloudMachineRequest;
  readonly log: readonly string[];
  go(how: 'poweroff' | 'crash'): void;
}

/** Machines in memory: their disks are names that say how they came about. */
export class MemoryMachines implements MachineProvider {
  readonly machines = new Map<string, MemoryMachine>();
  /** Disks that were captured and not removed. */
  readonly disks = new Set<string>();
  private captures = 0;

  baseDisk(system: string): Promise<CloudDisk> {
    return Promise.resolve({ id: system });
  }

  launch(request: CloudMachineRequest): Promise<MemoryMachine> {
    const listeners: ((how: 'poweroff' | 'crash') => void)[] = [];
    const log: string[] = [];
    const machine: MemoryMachine = {
      request,
      log,
      dial: () => Promise.resolve(new PassThrough()),
      stop: async () => { log.push('stop'); },
      start: async () => { log.push('start'); },
      reboot: async () => { log.push('reboot'); },
      destroy: async () => { log.push('destroy'); this.machines.delete(request.instanceId); },
      capture: async () => {
        const id = `${request.imageDisk.id}+${++this.captures}`;
        log.push('capture');
        this.disks.add(id);
        return { id };
      },
      console: () => Promise.resolve(`booted ${request.imageDisk.id}\n`),
      onGone: (listener) => { listeners.push(listener); },
      go: (how) => { for (const listener of listeners) { listener(how); } },
    };
    this.machines.set(request.instanceId, machine);
    return Promise.resolve(machine);
  }

  removeDisk(disk: CloudDisk): Promise<void> {
    this.disks.delete(disk.id);
    return Promise.resolve();
  }

  async reset(): Promise<void> {
    this.machines.clear();
    this.disks.clear();
  }

  close(): Promise<void> {
    return this.reset();
  }
}
