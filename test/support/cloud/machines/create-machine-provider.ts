import { mkdir } from 'fs/promises';
import { join } from 'path';
import { removeAbandoned } from './abandoned';
import { BootedMachine } from './booted-machine';
import { DiskStore } from './disk-store';
import { LightMachine } from './light-machine';
import { MachineFolder } from './machine-folder';
import type { CloudDisk, CloudMachine, CloudMachineRequest, CloudSystem, MachineProvider } from './machine-provider';
import { Relay, type NetworkSettings } from './relay';
import { systemLowers } from './system-store';
import { removeFolder } from '../../../../lib/hosts/sandbox/folder-removal';
import { draftName } from '../../../../lib/hosts/sandbox/owner';
import { TEST_HOME } from '../../machine-plan';

/** Machines that really run, and what tests do to the network before them. */
export interface RealMachineProvider extends MachineProvider {
  readonly settings: NetworkSettings;
  /** Cuts all connections to a machine that go through its address now. Returns how many they were. */
  dropConnections(instanceId: string): number;
  /** Opens a port of a machine's address, besides that of SSH. */
  expose(instanceId: string, port: number): Promise<void>;
  /** Starts a light machine of a public image before it is asked for: the next launch from that gets it. */
  startAhead(system: CloudSystem, endpointPort: number): Promise<void>;
}

interface Held {
  readonly machine: CloudMachine;
  readonly relay: Relay;
}

/** `light`: namespaces and an SSH server, within a fraction of a second. `booted`: systemd and cloud-init, within seconds. */
export type MachineKind = 'light' | 'booted';

/** @param home where they keep their disks */
export function createMachineProvider(kind: MachineKind, home = join(TEST_HOME, 'cloud')): RealMachineProvider {
  const folder = join(home, draftName());
  let cleaned: Promise<void> | undefined;
  const settings: NetworkSettings = { networkDelayMs: 0 };
  let disks = new DiskStore(join(folder, 'disks'));
  const held = new Map<string, Held>();
  /** By the ID of their disk. */
  const ahead = new Map<string, LightMachine>();
  let machines = 0;

  const placeFor = async (disk: CloudDisk) => {
    await (cleaned ??= removeAbandoned(home));
    machines++;
    const path = join(folder, 'm', String(machines));
    await mkdir(join(folder, 'm'), { recursive: true });
    return MachineFolder.make(path, disks, disk);
  };

  const baseDisk = async (system: CloudSystem) => disks.addBase(system, await systemLowers(system));

  const launch = async (request: CloudMachineRequest) => {
    const started = ahead.get(request.imageDisk.id);
    if (started) {
      ahead.delete(request.imageDisk.id);
      started.become(request);
      return started;
    }
    const place = await placeFor(request.imageDisk);
    return launchKind(kind, place, request).catch(async (error: unknown) => { await place.remove(); throw error; });
  };

  const reset = async () => {
    await Promise.all([...[...held.values()].map(({ machine }) => machine), ...ahead.values()].map((machine) => machine.destroy()));
    ahead.clear();
    disks = new DiskStore(join(folder, 'disks'));
    await removeFolder(folder);
  };

  return {
    settings,
    baseDisk,
    async launch(request: CloudMachineRequest): Promise<CloudMachine> {
      const machine = await launch(request);
      const relay = new Relay(request.address, settings, (port) => machine.dial(port));
      const destroy = machine.destroy.bind(machine);
      machine.destroy = async () => {
        if (held.get(request.instanceId)?.machine !== machine) { return; }
        held.delete(request.instanceId);
        relay.close();
        await destroy();
      };
      held.set(request.instanceId, { machine, relay });
      await relay.listen(22).catch(async (error: unknown) => { await machine.destroy(); throw error; });
      return machine;
    },
    removeDisk: (disk: CloudDisk) => disks.release(disk),
    dropConnections: (instanceId) => held.get(instanceId)?.relay.drop() ?? 0,
    expose: async (instanceId, port) => { await held.get(instanceId)?.relay.listen(port); },
    startAhead: async (system, endpointPort) => {
      const disk = await baseDisk(system);
      ahead.set(disk.id, await LightMachine.prepare(await placeFor(disk), endpointPort));
    },
    reset,
    close: reset,
  };
}

function launchKind(kind: MachineKind, folder: MachineFolder, request: CloudMachineRequest): Promise<CloudMachine> {
  return kind === 'light' ? LightMachine.launch(folder, request) : BootedMachine.launch(folder, request);
}
