import { randomBytes } from 'crypto';
import { mkdir, readFile, rm, writeFile } from 'fs/promises';
import { join } from 'path';
import { bootCredentials } from './boot-credentials';
import { removeFolder } from './folder-removal';
import { dialSsh } from './forwarded-port';
import { qemuCommand, type QemuDisk } from './qemu-command';
import { Qmp } from './qmp';
import { GoldenError } from '../../errors';
import type { Machine } from '../../ports/host';
import type { LaunchRequirements } from '../../ports/launch-requirements';
import { killGroup, output, start } from '../../process';

/** Until QEMU itself answers; the machine in it has not begun to boot then. */
const QEMU_START_MS = 20_000;

export interface BootDiskOptions {
  readonly disk: QemuDisk;
  /** Made for the machine, and removed with it; holds `console.log`, what the machine writes to its serial console. */
  readonly folder: string;
  readonly requirements: LaunchRequirements;
  readonly architecture: 'x86_64' | 'arm64';
  /** @default 'bios' */
  readonly firmware?: 'bios' | 'uefi';
  readonly signal?: AbortSignal;
}

/**
 * Boots a disk under QEMU.
 * Returns as soon as the machine is on; `access.dial` waits for its SSH server.
 * Errors: `unsupported-architecture`, `missing-tool`, `qemu-failed`.
 */
export async function bootDisk(options: BootDiskOptions): Promise<Machine> {
  if (options.architecture !== 'x86_64') {
    throw new GoldenError('unsupported-architecture', `Disk images for ${options.architecture} cannot be booted here yet`, {
      hint: 'Leave out the boot test, or build for x86_64.',
    });
  }
  await output(['qemu-system-x86_64', '--version'], { signal: options.signal });
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const credentials = join(options.folder, 'credentials');
  const consoleLog = join(options.folder, 'console.log');
  await writeFile(credentials, bootCredentials(options.requirements), { mode: 0o600 });
  const machine = new QemuMachine(options.folder, consoleLog, await qemuCommand({
    disk: options.disk, firmware: options.firmware ?? 'bios', credentials, consoleLog,
  }));
  try {
    await machine.begin(options.signal);
    await rm(credentials);
    return machine;
  } catch (error) {
    await machine.destroy();
    throw error;
  }
}

class QemuMachine implements Machine {
  readonly id = `qemu-${randomBytes(4).toString('hex')}`;
  readonly booted = true;
  readonly checkpoints = false;
  readonly description: string;
  readonly lost: Promise<string>;
  readonly access = {
    user: 'root',
    dial: (port: number, options: { readonly timeoutMs: number; readonly signal?: AbortSignal }) => this.dial(port, options),
  };

  private readonly child: ReturnType<typeof start>;
  private readonly qmp: Qmp;
  private readonly ended: Promise<string>;
  private asked = false;
  private port = 0;
  private said = '';
  private resets = 0;
  private resetsSeen?: number;
  private onReset = () => { /* nobody waits */ };

  constructor(private readonly folder: string, private readonly consoleLog: string, command: readonly string[]) {
    // TMPDIR: where QEMU keeps what the machine writes to its disk.
    this.child = start(command, { detached: true, env: { PATH: process.env.PATH, TMPDIR: folder } });
    this.description = `QEMU, process ${this.child.pid}`;
    this.child.stderr!.on('data', (data: Buffer) => { this.said = (this.said + data.toString()).slice(-2000); });
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve(`QEMU could not be started: ${error.message}`));
      this.child.once('close', (code, signal) => resolve(`QEMU ended (${signal ?? `exit code ${code}`})${this.said ? `: ${this.said.trim()}` : ''}`));
    });
    this.lost = new Promise((resolve) => { void this.ended.then((reason) => { if (!this.asked) { resolve(reason); } }); });
    this.qmp = new Qmp(this.child.stdout!, this.child.stdin!, (event) => {
      if (event === 'RESET') { this.resets++; this.onReset(); }
    });
  }

  async begin(signal?: AbortSignal): Promise<void> {
    const ready = this.qmp.negotiate().then(() => this.qmp.monitor('info usernet'));
    const usernet = await within(ready, QEMU_START_MS, 'QEMU did not start', signal).catch(async (error) => {
      throw GoldenError.is(error) && error.code === 'machine-lost' ? new GoldenError('qemu-failed', await this.ended) : error;
    });
    this.port = Number(/HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/.exec(usernet)?.[1]);
  }

  /** A reset before the first contact belongs to the boot: UEFI firmware may do one. */
  private async dial(port: number, options: { readonly timeoutMs: number; readonly signal?: AbortSignal }) {
    if (port !== 22) {
      throw new GoldenError('port-not-forwarded', `Port ${port} of ${this.description} cannot be reached from here; only 22 can`, { kind: 'internal' });
    }
    const gone = new AbortController();
    void this.ended.then((reason) => gone.abort(new GoldenError('machine-lost', reason)));
    const signal = options.signal ? AbortSignal.any([options.signal, gone.signal]) : gone.signal;
    try {
      const socket = await dialSsh(this.port, { timeoutMs: options.timeoutMs, signal });
      this.resetsSeen ??= this.resets;
      return socket;
    } catch (error) {
      if (gone.signal.aborted) { throw gone.signal.reason; }
      throw GoldenError.is(error) && error.code === 'timed-out'
        ? new GoldenError('timed-out', `${error.message}. The last lines of its console:\n${await this.consoleTail()}`, { hint: error.hint, cause: error })
        : error;
    }
  }

  /** The machine resets itself within the same QEMU, so what it wrote to its disk is still there. */
  async restarted(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const seen = this.resetsSeen ?? this.resets;
    const reset = new Promise<void>((resolve, reject) => {
      this.onReset = () => { if (this.resets > seen) { resolve(); } };
      this.onReset();
      void this.ended.then((reason) => reject(new GoldenError('machine-lost', reason)));
    });
    await within(reset, timeoutMs, 'The machine did not restart', signal);
    this.resetsSeen = this.resets;
  }

  async stop(timeoutMs: number): Promise<void> {
    this.asked = true;
    await this.qmp.execute('system_powerdown').catch(() => { /* it has ended already */ });
    await within(this.ended, timeoutMs, 'The machine did not shut down');
  }

  async destroy(): Promise<void> {
    this.asked = true;
    killGroup(this.child);
    await this.ended;
    await removeFolder(this.folder);
  }

  private async consoleTail(): Promise<string> {
    const text = await readFile(this.consoleLog, 'utf8').catch(() => '');
    return text.trim().split(/\r*\n/).slice(-8).map((line) => `  ${line}`).join('\n');
  }
}

/** Rejects with `timed-out` where a promise takes longer. */
function within<T>(promise: Promise<T>, timeoutMs: number, what: string, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new GoldenError('timed-out', `${what} within ${timeoutMs / 1000} s`)), timeoutMs);
    const abort = () => reject(new GoldenError('interrupted', `${what}: interrupted`, { kind: 'interrupted' }));
    if (signal?.aborted) { abort(); }
    signal?.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
