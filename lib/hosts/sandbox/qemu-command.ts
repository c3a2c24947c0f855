import { existsSync } from 'fs';
import { cpus } from 'os';
import { acceleration } from './acceleration';
import { GoldenError } from '../../errors';

const MEMORY_MIB = 1024;

/** Under the names that Debian and Ubuntu give them; newer releases have only the first. */
const OVMF = ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_CODE.fd'];

export interface QemuCommandOptions {
  readonly disk: QemuDisk;
  readonly firmware: 'bios' | 'uefi';
  readonly credentials: string;
  readonly consoleLog: string;
}

/** A disk that a machine boots. */
export interface QemuDisk {
  readonly file: string;
  readonly format: 'qcow2' | 'raw';
  /** What the machine writes stays on it. @default false: it is thrown away */
  readonly written?: boolean;
}

/**
 * A QEMU that has one port of this computer forwarded to its SSH server (chosen by the kernel),
 * speaks its machine protocol on its standard streams, and dies with us.
 */
export async function qemuCommand(options: QemuCommandOptions): Promise<readonly string[]> {
  const { file, format, written = false } = options.disk;
  return [
    ...await emulatedComputer(),
    ...(options.firmware === 'uefi' ? ['-drive', `if=pflash,format=raw,readonly=on,file=${value(ovmf())}`] : []),
    '-drive', `if=virtio,format=${format},cache=unsafe,file=${value(file)}`, ...(written ? [] : ['-snapshot']),
    '-netdev', 'user,id=net,hostfwd=tcp:127.0.0.1:0-:22', '-device', 'virtio-net-pci,netdev=net,romfile=',
    '-object', 'rng-random,id=rng,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng',
    '-smbios', `type=11,path=${value(options.credentials)}`,
    '-chardev', `file,id=console,path=${value(options.consoleLog)}`, '-serial', 'chardev:console',
    '-chardev', 'stdio,id=qmp,signal=off', '-mon', 'chardev=qmp,mode=control',
  ];
}

/** What all QEMUs of ours have: a processor and memory, nothing else, and their end with us. */
export async function emulatedComputer(): Promise<readonly string[]> {
  return [
    'setpriv', '--pdeathsig', 'KILL', '--',
    'qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none', '-vga', 'std',
    '-m', String(MEMORY_MIB), '-smp', String(Math.min(2, cpus().length)),
    ...(await acceleration()).options,
  ];
}

function ovmf(): string {
  const file = OVMF.find((candidate) => existsSync(candidate));
  if (!file) { throw new GoldenError('missing-tool', 'UEFI firmware for QEMU is not installed', { hint: 'Install it: apt-get install ovmf' }); }
  return file;
}

/** A comma ends a value, unless doubled. */
export function value(text: string): string {
  return text.replace(/,/g, ',,');
}
