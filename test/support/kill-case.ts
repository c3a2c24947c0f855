import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'fs';
import { join } from 'path';
import { bundleProgram } from './bundled-program';
import { killEnvironment, WORDS } from './kill-plan';
import type { KilledCommandOptions } from './killed-command';
import { leftovers } from './leftovers';
import type { Kill } from './mortal-state';
import type { Witness } from './witness';
import { systemClock } from '../../lib/cli/wiring';
import { stateInFolder } from '../../lib/engine/state-folder';
import type { ArtifactFile } from '../../lib/ports/host';
import type { JournalRecord } from '../../lib/ports/journal';
import { output, run, start } from '../../lib/process';

const FILES = ['disk.qcow2', 'disk.raw', 'manifest.json', 'root.tar'];

export interface ShownEvent {
  readonly type: string;
  readonly status?: string;
  readonly [key: string]: unknown;
}

export interface CommandRun {
  /** Undefined: it was killed. */
  readonly exitCode: number | undefined;
  readonly events: readonly ShownEvent[];
  /** What is no event. */
  readonly said: string;
}

export interface Watching {
  readonly kill?: Kill;
  readonly onEvent?: (event: ShownEvent, kill: (signal: NodeJS.Signals) => void) => void;
}

export interface KillCaseOptions {
  readonly folder: string;
  /** The command line that can be killed, bundled. */
  readonly program: string;
  readonly assembly: string;
  readonly witness: Witness;
  readonly bootTest?: boolean;
  /** A folder with bases. Absent: it has to make its own. */
  readonly bases?: string;
}

/** Bundles the command line that can be killed. */
export function killableProgram(folder: string): string {
  const program = join(folder, 'golden.js');
  bundleProgram(join(__dirname, 'killed-command.ts'), program);
  return program;
}

/** One place where nobody has built anything: a home, an output folder, and a folder for what is temporary. */
export class KillCase {
  readonly home: string;
  readonly output: string;
  private readonly temporary: string;
  readonly name: string;

  constructor(private readonly options: KillCaseOptions) {
    const { folder, bases } = options;
    this.name = folder.split('/').pop()!;
    [this.home, this.output, this.temporary] = ['home', 'out', 'tmp'].map((name) => join(folder, name));
    mkdirSync(this.temporary, { recursive: true });
    mkdirSync(join(this.home, 'sandbox'), { recursive: true });
    if (bases) { symlinkSync(bases, join(this.home, 'sandbox', 'bases')); }
  }

  build(watching: Watching = {}): Promise<CommandRun> {
    const { assembly, bootTest } = this.options;
    return this.command(['build', '--app', assembly, '--output', this.output, '--allow-host-loopback', '--json', ...bootTest ? ['--boot-test'] : []], watching);
  }

  resume(): Promise<CommandRun> {
    return this.command(['resume', '--json']);
  }

  gc(): Promise<CommandRun> {
    return this.command(['gc', '--output', this.output]);
  }

  async command(argv: readonly string[], { kill, onEvent }: Watching = {}): Promise<CommandRun> {
    const child = start([process.execPath, this.options.program, JSON.stringify({ argv, kill } satisfies KilledCommandOptions)], {
      // A group of its own: nothing that is sent to it reaches the tests.
      detached: true,
      cwd: this.options.folder,
      env: { ...process.env, ...killEnvironment(this.options.witness.urlFor(this.name)), GOLDEN_HOME: this.home, TMPDIR: this.temporary },
    });
    let stdout = '';
    let stderr = '';
    let shown = 0;
    child.stdout!.on('data', (data) => {
      stdout += data;
      const events = eventsIn(stdout).slice(shown);
      shown += events.length;
      for (const event of events) { onEvent?.(event, (signal) => { child.kill(signal); }); }
    });
    child.stderr!.on('data', (data) => { stderr += data; });
    // Machines that outlive it may hold its streams open.
    const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => child.once('exit', (...how) => resolve(how)));
    if (signal !== 'SIGKILL') { await new Promise((resolve) => (child.stdout!.closed ? resolve(undefined) : child.once('close', resolve))); }
    const events = eventsIn(stdout);
    return { exitCode: signal === 'SIGKILL' ? undefined : exitCode ?? -1, events, said: `${events.length > 0 ? '' : stdout}${stderr}` };
  }

  /** The records of each build that has any. */
  async journals(): Promise<ReadonlyMap<string, readonly JournalRecord[]>> {
    const state = stateInFolder(this.home, systemClock);
    return new Map(await Promise.all((await state.builds()).map(async (id) => [id, await state.readJournal(id)] as const)));
  }

  /** Folders of finished images. */
  artifacts(): readonly string[] {
    return namesIn(this.output).flatMap((image) => namesIn(join(this.output, image)).filter((name) => !name.startsWith('.')).map((name) => join(this.output, image, name)));
  }

  /** What is wrong with the finished images: there is to be one, whole, whose instructions have each run once on its disk. */
  async faults(): Promise<readonly string[]> {
    const artifacts = this.artifacts();
    if (artifacts.length !== 1) { return [`${artifacts.length} artifacts`]; }
    const [folder] = artifacts;
    const { files } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { files: ArtifactFile[] };
    const wrong = files.filter(({ name, bytes }) => statSync(join(folder, name)).size !== bytes).map(({ name }) => `${name} is not as large as its manifest says`);
    const tar = files.find(({ name }) => name === 'root.tar')!;
    if ((await output(['sha256sum', join(folder, tar.name)])).split(' ')[0] !== tar.sha256) { wrong.push('root.tar is not what its manifest says'); }
    if (String(namesIn(folder).sort()) !== String(FILES)) { wrong.push(`it holds ${namesIn(folder)}`); }
    const said = (await output(['tar', '-xOf', join(folder, 'root.tar'), './srv/said'])).trimEnd().split('\n');
    if (String(said) !== String(WORDS)) { wrong.push(`on its disk is said ${said}`); }
    const check = await run(['qemu-img', 'info', join(folder, 'disk.qcow2')]);
    if (check.exitCode !== 0) { wrong.push(`disk.qcow2: ${check.stderr.toString()}`); }
    return wrong;
  }

  remove(): void {
    rmSync(this.options.folder, { recursive: true, force: true });
  }

  /** What there is on this computer that nobody needs any more. */
  async left(): Promise<readonly string[]> {
    const { home, temporary } = this;
    const drafts = (folder: string) => namesIn(join(home, 'sandbox', folder)).filter((name) => name.startsWith('.')).map((name) => `draft: ${folder}/${name}`);
    const unfinished = await stateInFolder(home, systemClock).unfinished();
    const machines = [...(await this.journals()).values()].flat().filter(({ type, act }) => type === 'intent' && act === 'launch-machine').map(({ detail }) => String(detail!.id));
    return [
      ...leftovers(home, this.output),
      ...['layers', ...this.options.bases ? [] : ['bases']].flatMap(drafts),
      ...namesIn(temporary).map((name) => `temporary: ${name}`),
      ...namesIn(join(home, 'history')).filter((name) => !name.endsWith('.json')).map((name) => `history: ${name}`),
      ...namesIn(home).filter((name) => name.includes('.draft-')).map((name) => `unfinished: ${name}`),
      ...unfinished.map((id) => `record of an unfinished build: ${id}`),
      ...machines.flatMap((id) => CGROUPS.filter((root) => existsSync(join(root, `golden-${id}`))).map((root) => `cgroup: ${root}/golden-${id}`)),
    ];
  }
}

const CGROUPS = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'];

/** The whole lines of it; who is killed may leave a piece of one. */
function eventsIn(stdout: string): readonly ShownEvent[] {
  return stdout.split('\n').slice(0, -1).filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as ShownEvent);
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
