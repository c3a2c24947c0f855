import type { CloudDisk } from '../machines/machine-provider';
import type { Image, Instance } from '../records';
import type { World } from '../world';

/** Starts the machine of an instance that was just made, and moves it to `running`. */
export function bringUp(world: World, instance: Instance, disk: () => Promise<CloudDisk>, publicKey: string | undefined, fails: boolean): void {
  const time = new Promise<void>((resolve) => world.after(world.settings.durations.pending, resolve));
  const launch = async () => {
    if (fails) { throw new Error('Internal error on launch'); }
    const machine = await world.machines.launch({
      instanceId: instance.id,
      imageDisk: await disk(),
      address: instance.address,
      loginUser: instance.image.loginUser,
      publicKey,
      userData: instance.userData === undefined ? undefined : Buffer.from(instance.userData, 'base64'),
      region: instance.zone.slice(0, -1),
      endpointPort: world.endpointPort(),
    });
    // It was terminated before it was there.
    if (instance.state !== 'pending') { await machine.destroy(); return; }
    instance.machine = machine;
    if (world.settings.settled) { await machine.ready?.(); }
    machine.onGone((how) => leave(world, instance, how));
  };
  instance.launched = launch();
  world.begins(Promise.all([instance.launched, time]).then(
    () => { if (instance.state === 'pending') { instance.state = 'running'; } },
    (error: Error) => {
      if (instance.state !== 'pending') { return; }
      instance.stateReason = { code: 'Server.InternalError', message: `Server.InternalError: ${error.message}` };
      conclude(world, instance);
    },
  ));
}

/** The machine went by itself. */
function leave(world: World, instance: Instance, how: 'poweroff' | 'crash'): void {
  if (instance.state !== 'running' && instance.state !== 'pending') { return; }
  // A kernel that hangs does not end an instance: its status says so.
  if (how === 'crash') { instance.impaired = true; return; }
  instance.stateReason = { code: 'Client.InstanceInitiatedShutdown', message: 'Client.InstanceInitiatedShutdown: Instance initiated shutdown' };
  if (instance.shutdownBehavior === 'terminate') { shutDown(world, instance); return; }
  instance.state = 'stopping';
  world.after(world.settings.durations.stopping, () => { if (instance.state === 'stopping') { instance.state = 'stopped'; } });
}

export function stop(world: World, instance: Instance, force: boolean): void {
  instance.state = 'stopping';
  instance.stateReason = { code: 'Client.UserInitiatedShutdown', message: 'Client.UserInitiatedShutdown: User initiated shutdown' };
  instance.transitionReason = reason(world);
  const time = new Promise<void>((resolve) => world.after(world.settings.durations.stopping, resolve));
  const down = instance.launched.then(() => instance.machine?.stop({ force }));
  world.begins(Promise.allSettled([down, time]).then(() => { if (instance.state === 'stopping') { instance.state = 'stopped'; } }));
}

export function startAgain(world: World, instance: Instance): void {
  instance.state = 'pending';
  instance.stateReason = undefined;
  instance.transitionReason = '';
  instance.impaired = false;
  instance.startedAt = world.clock.now();
  const time = new Promise<void>((resolve) => world.after(world.settings.durations.pending, resolve));
  instance.launched = Promise.resolve(instance.machine?.start());
  Promise.all([instance.launched, time]).then(
    () => { if (instance.state === 'pending') { instance.state = 'running'; } },
    (error: Error) => {
      if (instance.state !== 'pending') { return; }
      instance.stateReason = { code: 'Server.InternalError', message: `Server.InternalError: ${error.message}` };
      instance.state = 'stopped';
    },
  );
}

export function terminate(world: World, instance: Instance): void {
  instance.stateReason = { code: 'Client.UserInitiatedShutdown', message: 'Client.UserInitiatedShutdown: User initiated shutdown' };
  instance.transitionReason = reason(world);
  shutDown(world, instance);
}

function shutDown(world: World, instance: Instance): void {
  instance.state = 'shutting-down';
  const time = new Promise<void>((resolve) => world.after(world.settings.durations.shuttingDown, resolve));
  const down = instance.launched.catch(() => {}).then(async () => {
    const { machine } = instance;
    if (!machine) { return; }
    const root = instance.volumes.find(({ attachment }) => attachment?.device === instance.rootDeviceName);
    if (root && root.attachment?.deleteOnTermination === false) { root.disk = await machine.capture(); }
    await machine.destroy();
  });
  // Of what is terminated, nobody sees whether it is gone.
  world.begins((world.settings.settled ? time : Promise.allSettled([down, time])).then(() => conclude(world, instance)));
}

/** Nothing is left of an instance but its record. */
function conclude(world: World, instance: Instance): void {
  if (instance.state === 'terminated') { return; }
  instance.state = 'terminated';
  instance.terminatedAt = world.clock.now();
  instance.machine = undefined;
  for (const volume of instance.volumes) {
    if (volume.attachment?.instance !== instance) { continue; }
    const isKept = !volume.attachment.deleteOnTermination;
    volume.attachment = undefined;
    volume.state = isKept ? 'available' : 'deleted';
    if (!isKept) { for (const region of world.regions()) { region.volumes.delete(volume.id); } }
  }
  instance.volumes.length = 0;
  instance.groups = [];
}

/** Holds a machine still while its disk is read. */
export function pauseMachine(instance: Instance): { readonly down: Promise<void>; up(): Promise<void> } {
  const down = instance.launched.then(() => instance.machine?.stop());
  return { down, up: async () => { if (instance.state === 'running') { await instance.machine?.start(); } } };
}

/** What a launch from an image begins with. */
export async function diskOf(world: World, image: Image, snapshotDisk: CloudDisk | undefined): Promise<CloudDisk> {
  return snapshotDisk ?? world.machines.baseDisk(image.system);
}

function reason(world: World): string {
  return `User initiated (${new Date(world.clock.now()).toISOString().slice(0, 19).replace('T', ' ')} GMT)`;
}
