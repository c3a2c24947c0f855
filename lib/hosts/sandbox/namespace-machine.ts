import { randomBytes } from 'crypto';
import { closeSync, openSync } from 'fs';
import { readFile } from 'fs/promises';
import type { Socket } from 'net';
import { join } from 'path';
import { copyDisk, LENT } from './copied-disk';
import { discardMachine, makeMachineFolder } from './machine-folder';
import { NAMESPACE_SCRIPT } from './namespace-script';
import { childrenOf, findProcess, type ProcessEntry } from './process-table';
import type { SandboxFolder } from './sandbox-folder';
import { rootFlags } from './user-namespace';
import { GoldenError } from '../../errors';
import type { HostContext, Machine, MachineAccess } from '../../ports/host';
import { killGroup, start } from '../../process';

const START_MS = 60_000;

export interface NamespaceOptions {
  /** Lower folders of its disk, the nearest first, relative to the sandbox folder. */
  readonly lowers: readonly string[];
  /** Its disk is a copy of the one lower folder, where the kernel shows it no overlays: slower, and larger. */
  readonly copied: boolean;
}

/**
 * A machine of an ordinary user: a disk in a user namespace, in which that user is root. Nothing of it is booted, so services are
 * enabled and not started; it has processes of its own, and the network of this computer.
 */
export class NamespaceMachine implements Machine {
  /** Starts a machine, and returns when it takes commands. Errors: `machine-failed`, `missing-tool`, `interrupted`. */
  static async launch(folder: SandboxFolder, { lowers, copied }: NamespaceOptions, context: HostContext): Promise<NamespaceMachine> {
    const id = randomBytes(6).toString('hex');
    await context.intend('launch-machine', { id, folder: folder.machine(id) });
    await makeMachineFolder(folder, id, copied ? ['root', 'own', LENT] : ['upper', 'work', 'root', 'own']);
    if (copied) {
      const path = folder.machine(id);
      await copyDisk(join(folder.path, lowers[0]), join(path, 'root'), context.signal).catch(async (error: unknown) => {
        await discardMachine(folder, id);
        throw error;
      });
    }
    const machine = new NamespaceMachine(folder, id, lowers, copied);
    try {
      await machine.isReady(context.signal);
      return machine;
    } catch (error) {
      await machine.destroy();
      throw error;
    }
  }

  readonly booted = false;
  readonly access: MachineAccess;
  readonly lost: Promise<string>;
  private readonly child: ReturnType<typeof start>;
  private readonly ended: Promise<string>;
  private first?: ProcessEntry;
  private asked = false;

  /** What its disk lies on, relative to the sandbox folder: nothing, where that was copied. */
  readonly lowers: readonly string[];

  private constructor(private readonly folder: SandboxFolder, readonly id: string, lowers: readonly string[], readonly copied: boolean) {
    this.lowers = copied ? [] : lowers;
    const log = openSync(this.consoleLog, 'a', 0o600);
    try {
      this.child = start([
        'unshare', ...rootFlags(), '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc', '--',
        'sh', '-c', NAMESPACE_SCRIPT, 'golden-machine', `machines/${id}`, lowers.join(':'), copied ? 'copy' : 'overlay', this.path,
        // Its own session: Ctrl-C is for us, and we end the machine.
      ], { cwd: folder.path, detached: true, stdio: ['pipe', 'pipe', log], env: { PATH: process.env.PATH } });
    } finally {
      closeSync(log);
    }
    this.child.stdin!.on('error', () => { /* it has ended; `lost` says so */ });
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve(error.message));
      this.child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    this.lost = new Promise((resolve) => {
      void this.ended.then(async (how) => { if (!this.asked) { resolve(await this.explain('The machine ended', how)); } });
    });
    this.access = { user: 'root', enter: async () => enteringNamespace(this.leader().pid) };
  }

  get description(): string { return `user namespace${this.copied ? ' on a copied disk' : ''}, process ${this.child.pid}`; }

  /** Folder of what is its own. */
  get path(): string { return this.folder.machine(this.id); }

  /** Folder with what it changed on its disk; with all of it, where it was copied. */
  get upper(): string { return join(this.path, this.copied ? 'root' : 'upper'); }

  /** What its disk is made of, the nearest first, relative to the sandbox folder. */
  get disk(): readonly string[] { return [`machines/${this.id}/upper`, ...this.lowers]; }

  /** Its first process. Errors: `machine-gone`. */
  leader(): ProcessEntry {
    const { first } = this;
    if (!first || findProcess(first.pid)?.started !== first.started) {
      throw new GoldenError('machine-gone', `The machine ${this.id} is not running`);
    }
    return first;
  }

  async restarted(): Promise<void> {
    throw new GoldenError('not-booted', `${this.description} is not booted, so it cannot restart`, { kind: 'internal' });
  }

  async stop(): Promise<void> {
    await this.end();
  }

  /** Lets it go on where this process has ended. */
  async keep(): Promise<void> {
    await new Promise<void>((resolve) => this.child.stdin!.end('keep\n', resolve));
  }

  async destroy(): Promise<void> {
    await this.end();
    await discardMachine(this.folder, this.id);
  }

  private get consoleLog(): string { return join(this.path, 'console.log'); }

  private async end(): Promise<void> {
    this.asked = true;
    this.child.ref();
    killGroup(this.child);
    await this.ended;
  }

  private async isReady(signal: AbortSignal): Promise<void> {
    const ready = new Promise<boolean>((resolve) => {
      this.child.stdout!.once('data', () => resolve(true));
      void this.ended.then(() => resolve(false));
    });
    let settle: () => void = () => undefined;
    const late = new Promise<'late' | 'interrupted'>((resolve) => {
      const timer = setTimeout(() => resolve('late'), START_MS);
      const abort = () => resolve('interrupted');
      signal.addEventListener('abort', abort, { once: true });
      settle = () => { clearTimeout(timer); signal.removeEventListener('abort', abort); };
      if (signal.aborted) { abort(); }
    });
    const how = await Promise.race([ready, late]).finally(() => settle());
    if (how === 'interrupted') { throw new GoldenError('interrupted', 'Interrupted while the machine started', { kind: 'interrupted' }); }
    this.first = how === true ? namespaceLeader(this.child.pid!) : undefined;
    if (!this.first) {
      const why = how === 'late' ? `it does not take commands after ${START_MS / 1000} s` : await this.ended;
      throw new GoldenError('machine-failed', await this.explain('The machine could not be made', why), {
        hint: '`golden doctor` says what this computer can do.',
      });
    }
    // They do not keep this process.
    this.child.stdout!.destroy();
    (this.child.stdin as Socket).unref();
    this.child.unref();
  }

  /** What happened, and what was said last. */
  private async explain(what: string, how: string): Promise<string> {
    const log = await readFile(this.consoleLog, 'utf8').catch(() => '');
    const tail = log.trim().split('\n').slice(-8).filter(Boolean).map((line) => `\n  ${line}`).join('');
    return `${what} (${how})${tail}`;
  }
}

/** The first process within the innermost namespace of a machine: see `NAMESPACE_SCRIPT`. */
export function namespaceLeader(outermost: number): ProcessEntry | undefined {
  const below = (pids: readonly number[]) => pids.flatMap((pid) => childrenOf(pid));
  const inner = below(below([outermost]).map(({ pid }) => pid)).filter(({ name }) => name === 'unshare');
  return below(inner.map(({ pid }) => pid))[0];
}

/** Command that runs its further arguments in a machine, as its root. */
export function enteringNamespace(leader: number): readonly string[] {
  return ['nsenter', `--target=${leader}`, ...(rootFlags().length > 0 ? ['--user'] : []), '--mount', '--uts', '--ipc', '--pid', '--'];
}
