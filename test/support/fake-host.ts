import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { ChrootMachine, makeRoot } from './chroot-machine';
import { canonicalJson } from '../../lib/plan/canonical-json';
import type { BuildKeys } from '../../lib/plan/keys';
import type { Plan } from '../../lib/plan/model';
import type {
  Artifact, BootRequest, CaptureRequest, DeadBuild, DraftArtifact, Host, HostContext, LaunchRequest, Lease, Machine, ResolvedSource,
} from '../../lib/ports/host';
import { output } from '../../lib/process';

/** What a host does that can fail, or be interrupted. */
export const ACTS = ['resolve', 'launch', 'checkpoint', 'stop', 'capture', 'captured', 'boot', 'distribute', 'publish'] as const;
export type Act = (typeof ACTS)[number];

export interface FakeDraft {
  readonly key: string;
  readonly root: string;
  readonly buildId: string;
  /** Places it was taken to. */
  readonly copies: readonly string[];
}

/** A machine as it is known when the process that started it is gone. */
interface MachineRecord {
  readonly root: string;
  readonly buildId: string;
}

/**
 * A host whose machines are chroots and whose disks are folders: everything is executed for real, within milliseconds.
 * Remembers what it was asked for, and what is there; does what a test wants in the middle of an act. What it has outlives
 * the process where it is given a folder, as an account would: another process finds it there.
 */
export class FakeHost implements Host {
  readonly kind = 'sandbox';
  checkpointSeconds = 1000;
  /** Acts in the order they were asked for. */
  readonly acts: string[] = [];
  /** What it was asked to look for, in order. */
  readonly lookUps: ('artifact' | 'layer' | 'launch')[] = [];
  readonly machines = new Set<ChrootMachine>();
  readonly drafts: Map<string, FakeDraft>;
  readonly artifacts: Map<string, Artifact>;
  readonly layers: Map<string, string>;
  source = 'source-1';
  /** Says that nothing was built of a definition. */
  isNew = false;
  /** Given to each machine. */
  lease: Lease | undefined;
  cloudInit = false;
  /** What an artifact lacks, as `reconcile` finds it. Undefined: this host cannot do it. */
  differences: string[] | undefined;
  /** Places that drafts are taken to. Undefined: there is one place only. */
  places: readonly string[] | undefined;
  /** Its machines count as not booted until they are, by `bootUp`; the file /etc/booted tells which they are. */
  bootsUp = false;
  /** Called at the beginning of each act; may throw. */
  during: (act: Act) => void | Promise<void> = () => undefined;
  private readonly left: Map<string, MachineRecord>;
  private failures = 0;

  constructor(private readonly folder = mkdtempSync(join(tmpdir(), 'golden-fake-host-'))) {
    mkdirSync(folder, { recursive: true });
    this.drafts = this.kept('drafts');
    this.artifacts = this.kept('artifacts');
    this.layers = this.kept('layers');
    this.left = this.kept('machines');
  }

  async resolve(_plan: Plan, _context: HostContext): Promise<ResolvedSource> {
    await this.during('resolve');
    return { id: this.source, description: 'a folder', isNew: this.isNew };
  }

  expectLaunch(): void {
    this.lookUps.push('launch');
  }

  async findArtifact(_plan: Plan, keys: BuildKeys): Promise<Artifact | undefined> {
    this.lookUps.push('artifact');
    return this.artifacts.get(keys.build);
  }

  async findLayer(keys: BuildKeys): Promise<number> {
    this.lookUps.push('layer');
    for (let index = keys.layers.length - 1; index > 0; index--) {
      if (this.layers.has(keys.layers[index])) { return index; }
    }
    return 0;
  }

  async launch({ keys, layer }: LaunchRequest, context: HostContext): Promise<Machine> {
    await this.begin('launch', context, `launch ${layer}`);
    const root = this.makeRoot(context);
    if (layer > 0) { await this.copy(this.layers.get(keys.layers[layer])!, root); }
    return this.start(root);
  }

  get bootUp(): Host['bootUp'] {
    if (!this.bootsUp) { return undefined; }
    return async (from, _request, context) => {
      await this.begin('launch', context, 'boot up');
      const root = this.makeRoot(context);
      await this.copy((from as ChrootMachine).root, root);
      writeFileSync(join(root, 'etc', 'booted'), '');
      return Object.assign(await this.start(root), { booted: true, checkpoints: false });
    };
  }

  async checkpoint(machine: Machine, key: string, context: HostContext): Promise<void> {
    await this.begin('checkpoint', context);
    const layer = this.newFolder('layer');
    await this.copy((machine as ChrootMachine).root, layer);
    this.layers.set(key, layer);
    this.save();
  }

  async capture(machine: Machine, { keys }: CaptureRequest, context: HostContext): Promise<DraftArtifact> {
    await this.begin('capture', context);
    const root = this.newFolder('draft');
    await this.copy((machine as ChrootMachine).root, root);
    this.drafts.set(root, { key: keys.build, root, buildId: context.buildId, copies: [] });
    this.save();
    await this.during('captured');
    return draftOf(root);
  }

  async abandonCapture(_machine: Machine, { buildId }: HostContext): Promise<void> {
    for (const draft of [...this.drafts.values()]) { if (draft.buildId === buildId) { await this.discard(draftOf(draft.root)); } }
  }

  async findDraft(_plan: Plan, keys: BuildKeys, _context: HostContext, builds: readonly DeadBuild[]): Promise<DraftArtifact | undefined> {
    const found = [...this.drafts.values()].find(({ key, buildId }) => key === keys.build && builds.some((each) => each.buildId === buildId));
    return found && draftOf(found.root);
  }

  async boot(draft: DraftArtifact, _request: BootRequest, context: HostContext): Promise<Machine> {
    await this.begin('boot', context);
    const root = this.makeRoot(context);
    await this.copy(draft.id, root);
    return this.start(root);
  }

  get distribute(): Host['distribute'] {
    const { places } = this;
    return places && (async (draft, _request, context) => {
      await this.begin('distribute', context);
      this.drafts.set(draft.id, { ...this.drafts.get(draft.id)!, copies: places });
      this.save();
    });
  }

  get reconcile(): Host['reconcile'] {
    const { differences } = this;
    return differences && (async (_artifact, _request, context) => {
      this.acts.push('reconcile');
      if (differences.length > 0) { await context.intend('fake-reconcile', {}); }
      return differences.splice(0);
    });
  }

  async publish(draft: DraftArtifact, manifest: object, context: HostContext): Promise<Artifact> {
    await this.begin('publish', context);
    const { key } = this.drafts.get(draft.id)!;
    this.drafts.delete(draft.id);
    const artifact = { id: draft.id, buildKey: key, files: draft.files, manifest: JSON.parse(JSON.stringify(manifest)) as Artifact['manifest'] };
    this.artifacts.set(key, artifact);
    this.save();
    return artifact;
  }

  async discard(draft: DraftArtifact): Promise<void> {
    this.acts.push('discard');
    this.drafts.delete(draft.id);
    this.save();
    rmSync(draft.id, { recursive: true });
  }

  async removeBuild({ buildId }: DeadBuild, _context: HostContext, keep?: DraftArtifact): Promise<readonly string[]> {
    this.acts.push('remove build');
    const removed: string[] = [];
    for (const [root, draft] of this.drafts) {
      if (draft.buildId !== buildId || root === keep?.id) { continue; }
      this.drafts.delete(root);
      rmSync(root, { recursive: true, force: true });
      removed.push(`draft ${root}`);
    }
    for (const [root, machine] of this.left) {
      if (machine.buildId !== buildId) { continue; }
      processesOf(root).forEach((pid) => process.kill(pid, 'SIGKILL'));
      rmSync(root, { recursive: true, force: true });
      this.left.delete(root);
      removed.push(`machine ${root}`);
    }
    this.save();
    return removed;
  }

  async collectGarbage(): Promise<readonly string[]> {
    return [];
  }

  /** Machines and drafts there are, whoever made them. */
  remains(): string[] {
    return [...[...this.left.keys()].map((root) => `machine ${root}`), ...[...this.drafts.keys()].map((root) => `draft ${root}`)];
  }

  /** Lets the removal of machines fail so many times. Returns how many times it did. */
  failToDestroy(times: number): () => number {
    this.failures = times;
    return () => times - this.failures;
  }

  /** Removes all that tests left. */
  async dispose(): Promise<void> {
    for (const machine of this.machines) { await machine.destroy(); }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async begin(act: Act, context: HostContext, said: string = act): Promise<void> {
    this.acts.push(said);
    await context.intend(`fake-${act}`, {});
    await this.during(act);
  }

  private makeRoot({ buildId }: HostContext): string {
    const root = makeRoot('host');
    this.left.set(root, { root, buildId });
    this.save();
    return root;
  }

  private async start(root: string): Promise<Machine> {
    const machine = await ChrootMachine.start(root, 'host');
    this.machines.add(machine);
    const { destroy, stop } = machine;
    machine.stop = async () => {
      this.acts.push('stop');
      await this.during('stop');
      await stop.call(machine);
    };
    machine.destroy = async () => {
      this.acts.push('destroy');
      if (this.failures > 0) {
        this.failures--;
        throw new Error('as this test wants it');
      }
      await destroy.call(machine);
      this.machines.delete(machine);
      this.left.delete(root);
      this.save();
    };
    return Object.assign(machine, { lease: this.lease, cloudInit: this.cloudInit });
  }

  private async copy(from: string, to: string): Promise<void> {
    rmSync(to, { recursive: true, force: true });
    await output(['cp', '-a', from, to]);
  }

  private newFolder(what: string): string {
    return mkdtempSync(join(this.folder, `${what}-`));
  }

  private kept<T>(name: string): Map<string, T> {
    const file = join(this.folder, 'state.json');
    const state = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Record<string, [string, T][]> : {};
    return new Map(state[name]);
  }

  private save(): void {
    const { drafts, artifacts, layers, left } = this;
    writeFileSync(join(this.folder, 'state.json'), canonicalJson({ drafts: [...drafts], artifacts: [...artifacts], layers: [...layers], machines: [...left] }));
  }
}

function draftOf(root: string): DraftArtifact {
  return { id: root, files: [{ name: 'root', bytes: 1, sha256: 'f'.repeat(64) }] };
}

/** The processes that hold up a machine: its root is in their command lines. */
function processesOf(root: string): number[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).map(Number).filter((pid) => {
    try {
      return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(root);
    } catch {
      return false;
    }
  });
}
