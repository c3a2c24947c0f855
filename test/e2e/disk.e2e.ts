import { createHash } from 'crypto';
import { createReadStream, existsSync } from 'fs';
import { mkdtemp, readdir, rm } from 'fs/promises';
import { tmpdir } from 'os';
import { join } from 'path';
import { pipeline } from 'stream/promises';
import { setTimeout as sleep } from 'timers/promises';
import { sshCommunicators } from '../../lib/communicators/ssh/ssh-communicators';
import { convertDisk, writeDiskImage } from '../../lib/hosts/sandbox/disk-image';
import { bootDisk } from '../../lib/hosts/sandbox/qemu-machine';
import type { Communicator } from '../../lib/ports/communicator';
import type { Machine } from '../../lib/ports/host';
import { start } from '../../lib/process';
import { debianRoot } from '../support/debian-root';

const BOOT_MS = 400_000;

describe('a disk made of a Debian root', () => {
  let work: string;
  let qcow2: string;
  let hash: string;
  const machines: Machine[] = [];

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'golden-disk-'));
    qcow2 = join(work, 'disk, with a comma.qcow2');
    const root = await debianRoot();
    await timed('disk', () => writeDiskImage(root, join(work, 'disk.raw'), { architecture: 'x86_64' }));
    await timed('qcow2', () => convertDisk(join(work, 'disk.raw'), qcow2));
    hash = await sha256(qcow2);
  }, 600_000);

  afterAll(async () => {
    await Promise.all(machines.map((machine) => machine.destroy()));
    await rm(work, { recursive: true });
  });

  async function boot(firmware: 'bios' | 'uefi'): Promise<{ machine: Machine; communicator: Communicator; folder: string }> {
    const factory = sshCommunicators();
    const folder = join(work, `${firmware}, machine`);
    const machine = await bootDisk({ disk: { file: qcow2, format: 'qcow2' }, folder, requirements: factory.requirements, architecture: 'x86_64', firmware });
    machines.push(machine);
    const communicator = factory.open(machine);
    await timed(`${firmware}, to the first command`, () => communicator.connect({ timeoutMs: BOOT_MS }));
    return { machine, communicator, folder };
  }

  test('boots by BIOS, restarts with what it wrote, shuts down, and stays as it was', async () => {
    const { machine, communicator, folder } = await boot('bios');
    const sh = async (command: string) => (await communicator.execute(command)).stdout.toString().trim();
    expect(await sh('test -e /sys/firmware/efi || echo bios')).toBe('bios');
    expect(await sh('systemctl is-system-running --wait')).toBe('running');
    expect(await sh('findmnt -no SOURCE,FSTYPE /')).toBe('/dev/vda3 ext4');
    expect(await sh('cat /proc/cmdline')).toContain('root=LABEL=root rw console=tty0 console=ttyS0,115200 net.ifnames=0');

    await communicator.execute('echo kept > /root/written; sync; systemctl reboot').catch(() => undefined);
    await timed('restart', async () => {
      await machine.restarted(BOOT_MS);
      await communicator.connect({ timeoutMs: BOOT_MS });
    });
    expect(await sh('cat /root/written')).toBe('kept');

    await communicator.close();
    await timed('stop', () => machine.stop(60_000));
    await machine.stop(60_000);
    await machine.destroy();
    await machine.destroy();
    expect(existsSync(folder)).toBe(false);
    expect(await sha256(qcow2)).toBe(hash);
  }, 1_200_000);

  test('boots by UEFI, and a machine whose QEMU is killed is told to be lost', async () => {
    const { machine, communicator } = await boot('uefi');
    expect((await communicator.execute('ls -d /sys/firmware/efi')).exitCode).toBe(0);

    const running = communicator.stream('sleep 1000', () => undefined);
    process.kill(Number(/\d+$/.exec(machine.description)![0]), 'SIGKILL');
    await expect(running).rejects.toMatchObject({ code: 'connection-lost' });
    expect(await machine.lost).toContain('QEMU ended (SIGKILL)');
    await expect(communicator.connect({ timeoutMs: BOOT_MS })).rejects.toMatchObject({ code: 'machine-lost' });
    await machine.destroy();
    expect(await sha256(qcow2)).toBe(hash);
  }, 600_000);

  test('its machine dies with the process that started it', async () => {
    const program = join(__dirname, 'apps', 'abandoned-machine.ts');
    const parent = start([process.execPath, '--import', 'tsx', program, qcow2, join(work, 'abandoned')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<string>((resolve) => parent.stdout!.once('data', (data) => resolve(String(data).trim())));
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    parent.kill('SIGKILL');
    for (let i = 0; i < 100 && existsSync(`/proc/${pid}`); i++) { await sleep(50); }
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  }, 60_000);

  test('its machine keeps no keys in its folder once it runs', async () => {
    const folder = join(work, 'keys');
    const machine = await bootDisk({ disk: { file: qcow2, format: 'qcow2' }, folder, requirements: sshCommunicators().requirements, architecture: 'x86_64' });
    machines.push(machine);
    expect(await readdir(folder)).toEqual(['console.log']);
    await machine.destroy();
  }, 60_000);

  test('a disk that QEMU cannot open is told with its own words, and leaves nothing', async () => {
    const folder = join(work, 'missing');
    const booting = bootDisk({ disk: { file: join(work, 'none.qcow2'), format: 'qcow2' }, folder, requirements: {}, architecture: 'x86_64' });
    await expect(booting).rejects.toMatchObject({ code: 'qemu-failed', message: expect.stringContaining('none.qcow2') });
    expect(existsSync(folder)).toBe(false);
  }, 60_000);
});

async function timed<T>(what: string, act: () => Promise<T>): Promise<T> {
  const begin = Date.now();
  const result = await act();
  process.stderr.write(`  ${what}: ${(Date.now() - begin) / 1000} s\n`);
  return result;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
