import { randomBytes } from 'crypto';
import { readFile, writeFile } from 'fs/promises';
import { basename, dirname, join } from 'path';
import type { Duplex } from 'stream';
import { bootedMemory } from './booted-memory';
import { openGateway, type Gateway } from './gateway';
import { MACHINE_ENVIRONMENT } from './light-machine';
import type { MachineFolder } from './machine-folder';
import type { CloudDisk, CloudExecOptions, CloudExecResult, CloudMachine, CloudMachineRequest, CloudTerminal } from './machine-provider';
import { machineTerminal } from './machine-terminal';
import { whileFrozen } from '../../../../lib/hosts/sandbox/freeze';
import { firstUserOf } from '../../../../lib/hosts/sandbox/id-mapping';
import { capabilitiesOf } from '../../../../lib/hosts/sandbox/process-table';
import { Supervisor, type Leader } from '../../../../lib/hosts/sandbox/supervisor';
import { keepAwake, run } from '../../../../lib/process';

/** What systemd takes for: power off, and restart, in order (SIGRTMIN+4 and +5). Node has no names for them. */
const POWER_OFF = 38 as unknown as NodeJS.Signals;
const RESTART = 39 as unknown as NodeJS.Signals;
const STOP_MS = 30_000;
const START_MS = 20_000;
const POLL_MS = 10;
const FOLLOW_MS = 50;
/** In turns of `POLL_MS`. */
const TELL_AGAIN = 100;

/**
 * As in lib/hosts/sandbox/nspawn-machine.ts: who enters joins the cgroups of the machine's init, or it could not get a session. Who
 * comes before there are any does without.
 */
const JOIN_CGROUPS = 'for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do '
  + '[ ! -d "$hierarchy/$0/payload/init.scope" ] || echo 0 > "$hierarchy/$0/payload/init.scope/cgroup.procs" || exit 1; '
  + 'done; exec "$@"';

/** A machine of the sandbox, with systemd, an SSH server and cloud-init, which reads from memory what its cloud tells it. */
export class BootedMachine implements CloudMachine {
  static async launch(folder: MachineFolder, request: CloudMachineRequest): Promise<BootedMachine> {
    const machine = new BootedMachine(folder, request);
    await machine.start();
    return machine;
  }

  private readonly id = randomBytes(6).toString('hex');
  private supervisor: Supervisor | undefined;
  private known: { readonly leader: Leader; readonly gateway: Promise<Gateway> } | undefined;
  private asked = false;
  private listener: (how: 'poweroff' | 'crash') => void = () => undefined;

  private constructor(private readonly folder: MachineFolder, private readonly request: CloudMachineRequest) {}

  async exec(script: string, options: CloudExecOptions = {}): Promise<CloudExecResult> {
    return run([...this.enter(this.leader()), '/bin/sh', '-c', script], {
      ...options, env: MACHINE_ENVIRONMENT, maxOutputBytes: 1 << 20, onStart: keepAwake,
    });
  }

  async terminal(command: string): Promise<CloudTerminal> {
    return machineTerminal(this.enter(this.leader()), command, MACHINE_ENVIRONMENT);
  }

  async dial(port: number): Promise<Duplex> {
    this.leader();
    const gateway = await this.known?.gateway;
    if (!gateway) { throw new Error('The machine does not run'); }
    return gateway.dial(port);
  }

  async start(): Promise<void> {
    this.asked = false;
    await this.folder.renew();
    const { path } = this.folder;
    const supervisor = new Supervisor({
      cwd: dirname(path),
      machine: { name: this.name, folder: path, relativeFolder: basename(path) },
      lowers: this.folder.lowers,
      firstUser: firstUserOf(this.id),
      hostLoopback: false,
      memoryFiles: bootedMemory(this.request),
      consoleLog: this.folder.console,
    });
    this.supervisor = supervisor;
    void supervisor.ended.then((how) => this.over(supervisor, how));
    const deadline = Date.now() + START_MS;
    while (!supervisor.leader()) {
      if (supervisor.isOver || Date.now() > deadline) { throw new Error(`The machine did not start: ${await this.console()}`); }
      await sleep(POLL_MS);
    }
    void this.follow(supervisor);
  }

  async stop(options: { readonly force?: boolean } = {}): Promise<void> {
    this.asked = true;
    const { supervisor } = this;
    if (!supervisor) { return; }
    // A machine that was about to restart would do so.
    await writeFile(join(this.folder.path, 'stopping'), '');
    const deadline = Date.now() + (options.force ? 0 : STOP_MS);
    // An init that has only just begun does not hear it yet.
    for (let turn = 0; !supervisor.isOver && Date.now() < deadline; turn++) {
      const leader = turn % TELL_AGAIN === 0 ? supervisor.leader() : undefined;
      if (leader) { signal(leader, POWER_OFF); }
      await sleep(POLL_MS);
    }
    if (!supervisor.isOver) { await supervisor.kill(); }
    await supervisor.ended;
  }

  async reboot(): Promise<void> {
    signal(this.leader(), RESTART);
  }

  async destroy(): Promise<void> {
    await this.stop({ force: true });
    await this.folder.remove();
  }

  async capture(): Promise<CloudDisk> {
    const leader = this.supervisor?.leader();
    return leader ? whileFrozen(leader.pid, () => this.folder.copy()) : this.folder.freeze();
  }

  console(): Promise<string> {
    return readFile(this.folder.console, 'utf8').catch(() => '');
  }

  onGone(listener: (how: 'poweroff' | 'crash') => void): void {
    this.listener = listener;
  }

  private get name(): string { return `golden-${this.id}`; }

  private leader(): Leader {
    const leader = this.supervisor?.leader();
    if (!leader) { throw new Error('The machine does not run'); }
    return leader;
  }

  /** Each start of the machine has a network of its own, and a way into it. */
  private async follow(supervisor: Supervisor): Promise<void> {
    while (!supervisor.isOver) {
      const leader = supervisor.leader();
      if (leader && leader.started !== this.known?.leader.started) {
        this.disconnect();
        const gateway = openGateway({ pid: leader.pid, folder: this.folder.path, endpointPort: this.request.endpointPort });
        gateway.catch(() => undefined);
        this.known = { leader, gateway };
      }
      await sleep(this.known ? FOLLOW_MS : POLL_MS);
    }
  }

  private over(supervisor: Supervisor, how: number | Error): void {
    if (this.supervisor === supervisor) { this.supervisor = undefined; }
    this.disconnect();
    if (!this.asked) { this.listener(how === 0 ? 'poweroff' : 'crash'); }
  }

  private disconnect(): void {
    void this.known?.gateway.then((gateway) => gateway.close(), () => undefined);
    this.known = undefined;
  }

  private enter(leader: Leader): readonly string[] {
    return [
      'sh', '-c', JOIN_CGROUPS, this.name,
      'nsenter', `--target=${leader.pid}`, '--user', '--',
      'setpriv', `--bounding-set=-all${capabilitiesOf(leader.pid).map((number) => `,+cap_${number}`).join('')}`, '--',
      'nsenter', `--target=${leader.pid}`, '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--',
    ];
  }
}

function signal({ pid }: Leader, name: NodeJS.Signals): void {
  try { process.kill(pid, name); } catch { /* it ended meanwhile */ }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds); });
}
