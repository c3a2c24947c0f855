import { closeSync, existsSync, openSync } from 'fs';
import { readFile, writeFile } from 'fs/promises';
import { join } from 'path';
import type { Duplex, Readable } from 'stream';
import { openGateway, type Gateway } from './gateway';
import { LIGHT_SCRIPT, RESTART, WITHOUT_HOST } from './light-script';
import { setupScript } from './light-setup';
import { MachineFolder } from './machine-folder';
import type { CloudDisk, CloudExecOptions, CloudExecResult, CloudMachine, CloudMachineRequest, CloudTerminal } from './machine-provider';
import { machineTerminal } from './machine-terminal';
import { whileFrozen } from '../../../../lib/hosts/sandbox/freeze';
import { childrenOf } from '../../../../lib/hosts/sandbox/process-table';
import { killGroup, run, start } from '../../../../lib/process';

/** Kept short, as an agent's is. */
export const MACHINE_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/** One start of a light machine. */
interface Life {
  readonly child: ReturnType<typeof start>;
  /** Its first process, as this host numbers it. */
  readonly pid: number;
  readonly ended: Promise<void>;
  readonly gateway: Promise<Gateway>;
}

/**
 * A machine without an init system: namespaces, an overlay, a real SSH server, and what user-data asks for, within a fraction of a
 * second. For tests of what happens around machines.
 */
export class LightMachine implements CloudMachine {
  static async launch(folder: MachineFolder, request: CloudMachineRequest): Promise<LightMachine> {
    const machine = await LightMachine.prepare(folder, request.endpointPort);
    machine.become(request);
    return machine;
  }

  /** Starts one that nobody has asked for yet: it waits to be told which it is. */
  static async prepare(folder: MachineFolder, endpointPort: number): Promise<LightMachine> {
    const machine = new LightMachine(folder, endpointPort);
    await machine.begin();
    return machine;
  }

  private life: Life | undefined;
  private asked = false;
  private listener: (how: 'poweroff' | 'crash') => void = () => undefined;

  private request: CloudMachineRequest | undefined;

  private constructor(private readonly folder: MachineFolder, private readonly endpointPort: number) {}

  /** Tells it which machine it is. */
  become(request: CloudMachineRequest): void {
    this.request = request;
    this.setUp();
  }

  async exec(script: string, options: CloudExecOptions = {}): Promise<CloudExecResult> {
    return run([...this.enter(), '/bin/sh', '-c', script], {
      ...options, env: MACHINE_ENVIRONMENT, maxOutputBytes: 1 << 20,
    });
  }

  async terminal(command: string): Promise<CloudTerminal> {
    return machineTerminal(this.enter(), command, MACHINE_ENVIRONMENT);
  }

  /** Its SSH server says so when it listens: to knock at it would keep it busy for as long as it takes to start. */
  async ready(): Promise<void> {
    while (this.life && !existsSync(`/proc/${this.life.pid}/root/run/sshd.pid`)) { await new Promise((resolve) => { setTimeout(resolve, 2); }); }
  }

  async dial(port: number): Promise<Duplex> {
    if (!this.life) { throw new Error('The machine does not run'); }
    return (await this.life.gateway).dial(port);
  }

  async stop(options: { readonly force?: boolean } = {}): Promise<void> {
    this.asked = true;
    const { life } = this;
    if (!life) { return; }
    if (options.force) { killGroup(life.child); } else { this.tell(life, 'SIGUSR1'); }
    await life.ended;
  }

  async start(): Promise<void> {
    await this.begin();
  }

  async reboot(): Promise<void> {
    if (this.life) { this.tell(this.life, 'SIGUSR2'); }
  }

  async destroy(): Promise<void> {
    await this.stop({ force: true });
    await this.folder.remove();
  }

  async capture(): Promise<CloudDisk> {
    return this.life ? whileFrozen(this.life.pid, () => this.folder.copy()) : this.folder.freeze();
  }

  async console(): Promise<string> {
    const read = (path: string) => readFile(path, 'utf8').catch(() => '');
    return await read(this.folder.console) + await read(join(this.folder.upper, 'var/log/cloud-init-output.log'));
  }

  onGone(listener: (how: 'poweroff' | 'crash') => void): void {
    this.listener = listener;
  }

  private async begin(): Promise<void> {
    this.asked = false;
    await this.folder.renew();
    const names = this.folder.lowers.map((_, index) => index).join(':');
    const log = openSync(this.folder.console, 'a');
    // Its network comes first: what leads there takes as long to start as all else of the machine, and starts meanwhile.
    const child = start([
      'setpriv', '--pdeathsig=KILL', '--', 'unshare', '--net', '--', 'sh', '-c', 'echo connectable; exec "$@"', 'sh',
      'unshare', '--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child', '--', 'sh', '-c', LIGHT_SCRIPT, 'sh', this.folder.path, names,
    ], { detached: true, stdio: ['ignore', 'pipe', log], env: MACHINE_ENVIRONMENT });
    closeSync(log);
    child.unref();
    let code: number | null = null;
    const ended = new Promise<void>((resolve) => { child.once('exit', (exitCode) => { code = exitCode; resolve(); }); });
    const saying = sayings(child.stdout!);
    await Promise.race([saying('connectable'), ended]);
    const gateway = openGateway({ pid: child.pid!, folder: this.folder.path, endpointPort: this.endpointPort });
    gateway.catch(() => undefined);
    connectToInternet(child.pid!);
    await Promise.race([saying('ready'), ended]);
    const pid = childrenOf(child.pid!)[0]?.pid;
    if (pid === undefined) {
      void gateway.then(({ close }) => close(), () => undefined);
      throw new Error(`The machine did not start: ${await this.console()}`);
    }
    gateway.then(() => writeFile(`/proc/${pid}/root/run/golden-host/connected`, '')).catch(() => undefined);
    const life: Life = { child, pid, ended, gateway };
    this.life = life;
    void ended.then(() => this.over(life, code));
    this.setUp();
  }

  /** It goes on by itself: who waits for the machine waits for its SSH server. */
  private setUp(): void {
    if (this.request) { void this.exec(setupScript(this.request)).catch(() => undefined); }
  }

  private over(life: Life, code: number | null): void {
    this.life = undefined;
    void life.gateway.then((gateway) => gateway.close(), () => undefined);
    if (this.asked) { return; }
    if (code === RESTART) { this.begin().catch(() => this.listener('crash')); return; }
    this.listener(code === 0 ? 'poweroff' : 'crash');
  }

  private tell(life: Life, signal: NodeJS.Signals): void {
    try { process.kill(life.pid, signal); } catch { /* it ended meanwhile */ }
  }

  private enter(): readonly string[] {
    if (!this.life) { throw new Error('The machine does not run'); }
    return [...WITHOUT_HOST, 'nsenter', `--target=${this.life.pid}`, '--mount', '--pid', '--ipc', '--uts', '--net', '--root', '--wd', '--'];
  }
}

/** What a stream says, line by line; each line may be waited for. */
function sayings(stream: Readable): (line: string) => Promise<void> {
  let said = '';
  const waiting = new Map<string, () => void>();
  stream.on('data', (data: Buffer) => {
    said += data.toString();
    for (const [line, resolve] of waiting) { if (said.includes(`${line}\n`)) { resolve(); } }
  });
  return (line) => new Promise((resolve) => {
    if (said.includes(`${line}\n`)) { resolve(); } else { waiting.set(line, resolve); }
  });
}

/** Carries what leaves the machine. It ends with the machine's network, or with us; nobody waits for it. */
function connectToInternet(pid: number): void {
  start(['setpriv', '--pdeathsig=KILL', '--', 'slirp4netns', '--configure', '--mtu=65520', '--disable-host-loopback', String(pid), 'tap0'], {
    detached: true, stdio: 'ignore',
  }).on('error', () => undefined).unref();
}
