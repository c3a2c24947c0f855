import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { Machine } from '../../lib/ports/host';
import { killGroup, output, start } from '../../lib/process';

const BUSYBOX = '/usr/bin/busybox';

/** Whether machines can be started here at all, and which. */
export const canStartMachines = process.getuid?.() === 0;
export const hasBusybox = existsSync(BUSYBOX);

/** What a machine finds in its `/usr`: that of this host, or nothing but busybox. */
export type Userland = 'host' | 'busybox';

/**
 * Makes the root of a machine: its own /etc, /var, /root, /tmp; the programs are this host's, which it cannot change.
 * A folder costs milliseconds where a real system costs half a minute.
 */
export function makeRoot(userland: Userland): string {
  const root = mkdtempSync(join(tmpdir(), 'golden-root-'));
  for (const folder of ['etc', 'dev', 'proc', 'run', 'tmp', 'usr', 'root', 'home/app', 'srv', 'var/tmp', 'var/log']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  chmodSync(root, 0o755);
  for (const folder of ['tmp', 'var/tmp']) { chmodSync(join(root, folder), 0o1777); }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\napp:x:1234:1234::/home/app:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nadm:x:4:app\napp:x:1234:\n');
  if (userland === 'busybox') {
    mkdirSync(join(root, 'usr/bin'));
    cpSync(BUSYBOX, join(root, 'usr/bin/busybox'));
  }
  for (const folder of ['bin', 'sbin', 'lib', 'lib64']) { symlinkSync(`usr/${userland === 'busybox' ? 'bin' : folder}`, join(root, folder)); }
  return root;
}

const SETUP = `set -e
mount --make-rprivate /
[ "$2" = busybox ] || mount --rbind -o ro /usr "$1/usr"
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/run"
mount -t tmpfs tmpfs "$1/dev"
for device in null zero full random urandom; do : >"$1/dev/$device"; mount --bind "/dev/$device" "$1/dev/$device"; done
ln -s /proc/self/fd "$1/dev/fd"
exec chroot "$1" /bin/sh -c 'echo ready; while sleep 100000 & wait $!; do :; done'
`;

/** A machine in namespaces of its own. Its disk is the folder `root`, which `destroy` removes. */
export class ChrootMachine implements Machine {
  static async start(root: string, userland: Userland): Promise<ChrootMachine> {
    if (userland === 'busybox') { await output(['chroot', root, '/usr/bin/busybox', '--install', '-s', '/usr/bin']); }
    const machine = new ChrootMachine(root, userland);
    await machine.up();
    return machine;
  }

  readonly id: string;
  readonly description = 'chroot in namespaces';
  readonly booted = false;
  readonly access = { user: 'root', enter: async () => this.enter() };
  readonly lost: Promise<string>;
  private tellLost!: (reason: string) => void;
  private child: ReturnType<typeof start> | undefined;
  private pid: number | undefined;
  private asked = false;

  private constructor(readonly root: string, private readonly userland: Userland) {
    this.id = root.split('-').pop()!;
    this.lost = new Promise((resolve) => { this.tellLost = resolve; });
  }

  /** What a restart from inside does: the processes go, the disk stays. */
  async down(): Promise<void> {
    this.asked = true;
    await this.end();
  }

  /** What a power cut does. */
  async crash(): Promise<void> {
    await this.end();
  }

  async restarted(): Promise<void> {
    await this.down();
    await this.up();
  }

  async stop(): Promise<void> {
    await this.down();
  }

  async destroy(): Promise<void> {
    await this.down();
    rmSync(this.root, { recursive: true, force: true });
  }

  private async up(): Promise<void> {
    const child = start(['unshare', '-m', '-p', '-i', '-u', '--fork', '--kill-child', 'sh', '-c', SETUP, 'sh', this.root, this.userland], { detached: true });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      child.stdout!.once('data', () => resolve());
      child.stderr!.once('data', (data: Buffer) => reject(new Error(data.toString())));
    });
    this.pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0]);
    this.asked = false;
    child.once('close', () => {
      this.child = undefined;
      if (!this.asked) { this.tellLost('it was killed'); }
    });
  }

  private async end(): Promise<void> {
    const { child } = this;
    if (!child) { return; }
    const closed = new Promise((resolve) => child.once('close', resolve));
    killGroup(child);
    await closed;
  }

  private enter(): readonly string[] {
    if (!this.child) { throw new Error('it does not run'); }
    return ['nsenter', '-t', String(this.pid), '-m', '-p', '-i', '-u', '-r', '-w', '--'];
  }
}
