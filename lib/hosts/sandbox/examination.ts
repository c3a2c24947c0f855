import { constants } from 'fs';
import { access, statfs } from 'fs/promises';
import { release } from 'os';
import { dirname } from 'path';
import { acceleration } from './acceleration';
import { overlayFault } from './overlay-probe';
import { BASE_TOOLS, DISK_TOOLS, missingPackages, ROOT_TOOLS, USER_TOOLS } from './tools';
import { isRoot, namespaceObstacle } from './user-namespace';
import type { Finding } from '../../ports/finding';

/** Linux that can do what the machines of root are made of. */
const KERNEL_OF_ROOT = [5, 19] as const;

/** A base, an image with its two disks, and the machine it is made on. */
const LEAST_GIB = 5;
const GIB = 2 ** 30;

/** As statfs(2) numbers those that overlays can be kept on, and some that they cannot. */
const FILE_SYSTEMS: { readonly [type: number]: readonly [name: string, carriesOverlays: boolean] } = {
  0xef53: ['ext4', true],
  0x58465342: ['XFS', true],
  0x9123683e: ['Btrfs', true],
  0x1021994: ['tmpfs', true],
  0x794c7630: ['overlay', false],
  0x6969: ['NFS', false],
  0xff534d42: ['CIFS', false],
  0x65735546: ['FUSE', false],
};

/** Looks at what the sandbox host needs of this computer. Nothing is changed; what can be tried is tried. */
export async function examineSandbox(stateFolder: string): Promise<readonly Finding[]> {
  const machines = isRoot() ? await rootMachines() : await userMachines(stateFolder);
  return [...machines, await bootTest(), await kvm(), await disk(stateFolder)];
}

async function rootMachines(): Promise<Finding[]> {
  const packages = missingPackages([...ROOT_TOOLS, ...BASE_TOOLS, ...DISK_TOOLS]);
  const old = kernelFault(KERNEL_OF_ROOT);
  return [
    way('root', 'machines of root', packages, old, 'systemd-nspawn boots them; services start, reboots reboot'),
    { name: 'user-namespaces', title: 'machines of an ordinary user', state: 'note', detail: 'not tried: this is root' },
  ];
}

async function userMachines(stateFolder: string): Promise<Finding[]> {
  const packages = missingPackages([...USER_TOOLS, ...BASE_TOOLS]);
  const obstacle = await namespaceObstacle();
  const command = obstacle?.code === 'missing-tool' ? undefined : obstacle?.command;
  const noOverlay = obstacle ? undefined : await overlayFault(stateFolder);
  const disks = noOverlay === undefined ? '' : `, on copies of their disks, which takes seconds more and all of their size (no overlays here: ${noOverlay})`;
  const found = way('user-namespaces', 'machines of an ordinary user', packages, obstacle?.message,
    `in a user namespace${disks}; what needs a booted machine is done under QEMU`);
  return [
    { name: 'root', title: 'machines of root', state: 'note', detail: 'not tried: this is an ordinary user' },
    command ? { ...found, command } : found,
  ];
}

function way(name: string, title: string, packages: readonly string[], fault: string | undefined, how: string): Finding {
  const faults = [...(fault ? [fault] : []), ...(packages.length > 0 ? [`not installed: ${packages.join(', ')}`] : [])];
  return faults.length === 0 ? { name, title, state: 'yes', detail: how, isWay: true }
    : { name, title, state: 'no', detail: faults.join('; '), isWay: true, packages };
}

function kernelFault([major, minor]: readonly [number, number]): string | undefined {
  const [ours = 0, oursMinor = 0] = release().split('.').map((number) => parseInt(number, 10));
  const isEnough = ours > major || (ours === major && oursMinor >= minor);
  return isEnough ? undefined : `Linux ${release()} is too old: it takes ${major}.${minor}`;
}

async function bootTest(): Promise<Finding> {
  const packages = missingPackages(DISK_TOOLS);
  const [name, title] = ['boot-test', 'disks, and booting them'];
  return packages.length > 0 ? { name, title, state: 'no', detail: `not installed: ${packages.join(', ')}`, packages }
    : { name, title, state: 'yes', detail: 'QEMU boots finished disks, which takes about half a minute' };
}

/** What QEMU does with it; tried, since that it opens proves nothing. */
async function kvm(): Promise<Finding> {
  const { isHardware, reason } = await acceleration();
  return { name: 'kvm', title: 'hardware virtualisation', state: isHardware ? 'yes' : 'note', detail: reason };
}

async function disk(stateFolder: string): Promise<Finding> {
  const [name, title] = ['disk', 'disk of the state folder'];
  let folder = stateFolder;
  while (folder !== '/' && !await access(folder).then(() => true, () => false)) { folder = dirname(folder); }
  const isWritable = await access(folder, constants.W_OK).then(() => true, () => false);
  const { bavail, bsize, type } = await statfs(folder);
  const free = bavail * bsize / GIB;
  const [kind, carriesOverlays] = FILE_SYSTEMS[type] ?? [`a file system of type 0x${type.toString(16)}`, true];
  const detail = `${stateFolder}: ${free.toFixed(1)} GiB free on ${kind}`;
  const fault = !isWritable ? `${folder} cannot be written to` : !carriesOverlays && isRoot() ? `no overlay can be kept on ${kind}`
    : free < LEAST_GIB ? `a first build takes about ${LEAST_GIB} GiB` : undefined;
  return fault ? { name, title, state: 'no', detail: `${detail}; ${fault}: set GOLDEN_HOME to another folder` } : { name, title, state: 'yes', detail };
}
