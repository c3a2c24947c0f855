import { randomBytes } from 'crypto';
import { readFile, writeFile } from 'fs/promises';
import { join } from 'path';
import { firstUserOf } from './id-mapping';
import { discardMachine, makeMachineFolder } from './machine-folder';
import { memoryFiles } from './memory-files';
import { portDialer } from './port-dialer';
import { capabilitiesOf } from './process-table';
import type { SandboxFolder } from './sandbox-folder';
import { Supervisor, type Leader } from './supervisor';
import { GoldenError } from '../../errors';
import type { HostContext, Machine, MachineAccess } from '../../ports/host';
import type { LaunchRequirements } from '../../ports/launch-requirements';
import { keepAwake, run } from '../../process';

const BOOT_MS = 60_000;
const POLL_MS = 10;

/** What systemd takes for: shut down in order, then power off. SIGRTMIN+4, which Node has no name for. */
const POWER_OFF = 38 as unknown as NodeJS.Signals;

/**
 * The machine's init may move processes only within its own cgroups, so one that is to get a session, such as of su(1), has to be
 * in one of them. That of the init itself is never removed. It is not there until the init runs; $0 is the name of the machine.
 * One line: people are told it, to be copied.
 */
const JOIN_CGROUPS = 'for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do '
  + '[ ! -d "$hierarchy/$0" ] || echo 0 > "$hierarchy/$0/payload/init.scope/cgroup.procs" || exit 1; '
  + 'done; exec "$@"';

export interface NspawnOptions {
  /** Lower folders of its disk, the nearest first, relative to the sandbox folder. */
  readonly lowers: readonly string[];
  readonly requirements: LaunchRequirements;
  readonly hostLoopback: boolean;
}

/**
 * A machine that systemd-nspawn boots: its own services, network, processes and users, the kernel of this host. Its root is none
 * here (see `firstUserOf`), so the kernel gives it what concerns the machine, and nothing else: no devices, modules or settings.
 */
export class NspawnMachine implements Machine {
  /** Boots a machine, and returns when it takes commands. Errors: `boot-failed`, `missing-tool`, `interrupted`. */
  static async launch(folder: SandboxFolder, options: NspawnOptions, context: HostContext): Promise<NspawnMachine> {
    const id = randomBytes(6).toString('hex');
    await context.intend('launch-machine', { id, folder: folder.machine(id) });
    await makeMachineFolder(folder, id, ['upper', 'work', 'root', 'memory', 'own']);
    const machine = new NspawnMachine(folder, id, options);
    try {
      await machine.takesCommands(BOOT_MS, context.signal);
      return machine;
    } catch (error) {
      await machine.destroy();
      throw error;
    }
  }

  readonly booted = true;
  readonly access: MachineAccess;
  readonly lost: Promise<string>;
  /** Lower folders of its disk, relative to the sandbox folder. */
  readonly lowers: readonly string[];
  private readonly supervisor: Supervisor;
  private readonly path: string;
  /** The start of the machine that took commands last. */
  private known?: Leader;
  private asked = false;

  private constructor(private readonly folder: SandboxFolder, readonly id: string, options: NspawnOptions) {
    this.path = folder.machine(id);
    this.lowers = options.lowers;
    const relativeFolder = `machines/${id}`;
    this.supervisor = new Supervisor({
      cwd: folder.path,
      machine: { name: machineName(id), folder: this.path, relativeFolder },
      lowers: options.lowers,
      firstUser: firstUserOf(id),
      hostLoopback: options.hostLoopback,
      memoryFiles: memoryFiles(options.requirements),
      consoleLog: this.consoleLog,
    });
    this.access = {
      user: 'root',
      enter: async () => this.enter(this.leader()),
      dial: portDialer(() => this.leader().pid),
    };
    this.lost = new Promise((resolve) => {
      void this.supervisor.ended.then(async (how) => { if (!this.asked) { resolve(await this.explain('The machine ended', how)); } });
    });
  }

  get description(): string { return `systemd-nspawn, process ${this.supervisor.pid}`; }

  /** Folder with what it changed on its disk. */
  get upper(): string { return join(this.path, 'upper'); }

  /** What its disk is made of, the nearest first, relative to the sandbox folder. */
  get disk(): readonly string[] { return [`machines/${this.id}/upper`, ...this.lowers]; }

  private get consoleLog(): string { return join(this.path, 'console.log'); }

  /** Errors: `machine-gone` while it is down. */
  leader(): Leader {
    const leader = this.supervisor.leader();
    if (!leader) { throw new GoldenError('machine-gone', `The machine ${this.id} is not running`); }
    return leader;
  }

  async restarted(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    await this.takesCommands(timeoutMs, signal);
  }

  async stop(timeoutMs: number): Promise<void> {
    this.asked = true;
    // Without it, a machine that was about to restart would do so; on a full disk we do without.
    await writeFile(join(this.path, 'stopping'), '').catch(() => undefined);
    const leader = this.supervisor.leader();
    if (leader) { process.kill(leader.pid, POWER_OFF); }
    const deadline = Date.now() + timeoutMs;
    while (!this.supervisor.isOver && Date.now() < deadline) { await sleep(POLL_MS); }
    if (!this.supervisor.isOver) {
      await this.supervisor.kill();
      throw new GoldenError('stop-timed-out', `The machine did not shut down within ${timeoutMs / 1000} s`, {
        hint: 'Look for a service that does not end when systemd stops it.',
      });
    }
  }

  async destroy(): Promise<void> {
    this.asked = true;
    await this.supervisor.kill();
    await discardMachine(this.folder, this.id);
  }

  /** Waits until it runs, as another start than the one that took commands last, and has booted. */
  private async takesCommands(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    const left = () => Math.max(1, deadline - Date.now());
    for (;;) {
      if (signal?.aborted) { throw new GoldenError('interrupted', 'Interrupted while the machine started', { kind: 'interrupted' }); }
      if (this.supervisor.isOver) {
        throw new GoldenError('boot-failed', await this.explain('The machine ended while it started', await this.supervisor.ended), {
          hint: 'The source has to be a system that boots with systemd.',
        });
      }
      if (Date.now() > deadline) {
        throw new GoldenError('boot-failed', await this.explain(`The machine does not take commands after ${timeoutMs / 1000} s`));
      }
      const leader = this.supervisor.leader();
      if (leader && (leader.pid !== this.known?.pid || leader.started !== this.known.started) && await this.hasBooted(leader, left(), signal)) {
        this.known = leader;
        return;
      }
      await sleep(POLL_MS);
    }
  }

  /** `degraded` is fine: that a service of the source fails is not for us to judge. */
  private async hasBooted(leader: Leader, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const state = await run([...this.enter(leader), 'systemctl', 'is-system-running', '--wait'], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, timeoutMs, signal, onStart: keepAwake,
    });
    if (state.exitCode === 127) {
      throw new GoldenError('boot-failed', 'The machine has no systemctl', { hint: 'The source has to be a system that boots with systemd.' });
    }
    return ['running', 'degraded'].includes(state.stdout.toString().trim());
  }

  private enter(leader: Leader): readonly string[] {
    return entering(this.id, leader);
  }

  /** What happened, and what the machine said last. */
  private async explain(what: string, how?: number | Error): Promise<string> {
    const why = how instanceof Error ? `: ${how.message}` : how === undefined ? '' : ` (exit code ${how})`;
    const log = await readFile(this.consoleLog, 'utf8').catch(() => '');
    const tail = log.trim().split('\n').slice(-8).filter(Boolean).map((line) => `\n  ${line}`).join('');
    return `${what}${why}${tail}`;
  }
}

/**
 * Command that runs its further arguments in a machine. Who enters becomes root of it, and gets what its own processes may have at
 * the most. Users come first: a new user namespace gives all capabilities anew, and the program that takes some of them away is to
 * be ours.
 */
export function entering(id: string, leader: Leader): readonly string[] {
  return [
    'sh', '-c', JOIN_CGROUPS, machineName(id),
    'nsenter', `--target=${leader.pid}`, '--user', '--',
    'setpriv', `--bounding-set=-all${capabilitiesOf(leader.pid).map((number) => `,+cap_${number}`).join('')}`, '--',
    'nsenter', `--target=${leader.pid}`, '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--',
  ];
}

function machineName(id: string): string {
  return `golden-${id}`;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
