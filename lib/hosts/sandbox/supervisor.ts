import { closeSync, openSync } from 'fs';
import { networkInterfaces } from 'os';
import { machineOverlay } from './overlay';
import { allProcesses, argumentsOf, childrenOf, findProcess, type ProcessEntry } from './process-table';
import { SUPERVISOR_SCRIPT } from './supervisor-script';
import { killGroup, start, startError } from '../../process';

export interface SupervisorOptions {
  /** The sandbox folder, and the machine's folder below it. */
  readonly cwd: string;
  readonly machine: { readonly name: string; readonly folder: string; readonly relativeFolder: string };
  /** Lower folders of its disk, the nearest first, relative to `cwd`. */
  readonly lowers: readonly string[];
  /** The user of this host that its root is. */
  readonly firstUser: number;
  readonly hostLoopback: boolean;
  /** Script that writes the files in memory. */
  readonly memoryFiles: string;
  /** Gets whatever the machine and its helpers write. */
  readonly consoleLog: string;
}

/** Tells one start of a machine from the next. */
export interface Leader {
  readonly pid: number;
  readonly started: number;
}

/** The process that everything of a machine lives and ends with. */
export class Supervisor {
  /** How it ended: an exit code, or why it could not be started. */
  readonly ended: Promise<number | Error>;
  private readonly child: ReturnType<typeof start>;
  private over = false;

  constructor(options: SupervisorOptions) {
    const { machine } = options;
    const log = openSync(options.consoleLog, 'a', 0o600);
    try {
      this.child = start([
        'unshare', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc', '--',
        'sh', '-c', SUPERVISOR_SCRIPT, 'golden-machine',
        machine.relativeFolder, options.lowers.join(':'), overlayOf(options.lowers),
        machine.folder, machine.folder.replace(/[\\:]/g, '\\$&'), machine.name, String(options.firstUser),
        ...(options.hostLoopback ? ['host-loopback'] : ['isolated', ...ownAddresses()]),
        // Its own session: Ctrl-C is for us, and the machine is shut down in order.
      ], { cwd: options.cwd, detached: true, stdio: ['pipe', log, log], env: { PATH: process.env.PATH } });
    } finally {
      closeSync(log);
    }
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => { this.over = true; resolve(startError('unshare', error)); });
      this.child.once('close', (code, signal) => { this.over = true; resolve(code ?? (signal ? 137 : 1)); });
    });
    this.child.stdin!.on('error', () => { /* it ended before it read; its exit code says so */ });
    this.child.stdin!.end(options.memoryFiles);
    this.child.unref();
  }

  get pid(): number | undefined { return this.child.pid; }

  get isOver(): boolean { return this.over; }

  /** The first process of the machine itself, once its own init runs; undefined while it starts, ends or restarts. */
  leader(): Leader | undefined {
    return this.over || this.child.pid === undefined ? undefined : leaderBelow(this.child.pid);
  }

  /** Ends the machine and everything of it at once. */
  async kill(): Promise<void> {
    this.child.ref();
    killGroup(this.child);
    await this.ended;
  }
}

/** The first process of the machine that a supervisor holds up, as `Supervisor.leader`. */
export function leaderBelow(supervisorPid: number): Leader | undefined {
  const inner = (parents: readonly ProcessEntry[]) => parents.flatMap((parent) => childrenOf(parent.pid));
  const supervisor = findProcess(supervisorPid);
  if (!supervisor) { return undefined; }
  const nspawn = inner(inner([supervisor])).filter(({ name }) => name === 'systemd-nspawn');
  // Before its init runs it is still called as systemd-nspawn, and at its end systemd-shutdown has taken over.
  return inner(nspawn).find(({ name }) => !name.startsWith('systemd-') && !name.startsWith('('));
}

/** The supervisor of a machine, whoever started it. Undefined: there is none any more. */
export function supervisorOf(machineFolder: string): number | undefined {
  const isSupervisor = ({ pid, name }: ProcessEntry) => name === 'unshare' && argumentsOf(pid).includes('golden-machine') && argumentsOf(pid).includes(machineFolder);
  return allProcesses().find(isSupervisor)?.pid;
}

/** Short names, however many layers there are: the options of a mount have to fit into a page. */
function overlayOf(lowers: readonly string[]): string {
  return machineOverlay(lowers.map((_, index) => String(index)), 'machine/upper', 'machine/work');
}

/** The addresses under which this host answers; a machine is to reach none of them. */
function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address);
}
