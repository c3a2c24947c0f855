import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { ChrootMachine, makeRoot } from './chroot-machine';
import type { BuildKeys } from '../../lib/plan/keys';
import type { Plan } from '../../lib/plan/model';
import type {
  Artifact, BootRequest, CaptureRequest, DraftArtifact, Host, HostContext, LaunchRequest, Machine, ResolvedSource,
} from '../../lib/ports/host';
import { output } from '../../lib/process';

/** What a host does that can fail, or be interrupted. */
export const ACTS = ['resolve', 'launch', 'checkpoint', 'stop', 'capture', 'boot', 'publish'] as const;
export type Act = (typeof ACTS)[number];

/**
 * A host whose machines are chroots and whose disks are folders: everything is executed for real, within milliseconds.
 * Remembers what it was asked for, and what is there; does what a test wants in the middle of an act.
 */
export class FakeHost implements Host {
  readonly kind = 'sandbox';
  checkpointSeconds = 1000;
  /** Acts in the order they were asked for. */
  readonly acts: string[] = [];
  readonly machines = new Set<ChrootMachine>();
  readonly drafts = new Map<string, { readonly key: string; readonly root: string }>();
  readonly artifacts = new Map<string, Artifact>();
  readonly layers = new Map<string, string>();
  source = 'source-1';
  /** Called at the beginning of each act; may throw. */
  during: (act: Act) => void | Promise<void> = () => undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'golden-fake-host-'));
  private count = 0;

  async resolve(_plan: Plan, _context: HostContext): Promise<ResolvedSource> {
    await this.during('resolve');
    return { id: this.source, description: 'a folder' };
  }

  async findArtifact(_plan: Plan, keys: BuildKeys): Promise<Artifact | undefined> {
    return this.artifacts.get(keys.build);
  }

  async findLayer(keys: BuildKeys): Promise<number> {
    for (let index = keys.layers.length - 1; index > 0; index--) {
      if (this.layers.has(keys.layers[index])) { return index; }
    }
    return 0;
  }

  async launch({ keys, layer }: LaunchRequest, context: HostContext): Promise<Machine> {
    await this.begin('launch', context, `launch ${layer}`);
    const root = makeRoot('host');
    if (layer > 0) { await this.copy(this.layers.get(keys.layers[layer])!, root); }
    return this.start(root);
  }

  async checkpoint(machine: Machine, key: string, context: HostContext): Promise<void> {
    await this.begin('checkpoint', context);
    const layer = join(this.folder, `layer-${this.count++}`);
    await this.copy((machine as ChrootMachine).root, layer);
    this.layers.set(key, layer);
  }

  async capture(machine: Machine, { keys }: CaptureRequest, context: HostContext): Promise<DraftArtifact> {
    await this.begin('capture', context);
    const root = join(this.folder, `draft-${this.count++}`);
    await this.copy((machine as ChrootMachine).root, root);
    this.drafts.set(root, { key: keys.build, root });
    return { id: root, files: [{ name: 'root', bytes: 1, sha256: 'f'.repeat(64) }] };
  }

  async boot(draft: DraftArtifact, _request: BootRequest, context: HostContext): Promise<Machine> {
    await this.begin('boot', context);
    const root = makeRoot('host');
    await this.copy(draft.id, root);
    return this.start(root);
  }

  async publish(draft: DraftArtifact, manifest: object, context: HostContext): Promise<Artifact> {
    await this.begin('publish', context);
    const { key } = this.drafts.get(draft.id)!;
    this.drafts.delete(draft.id);
    const artifact = { id: draft.id, buildKey: key, files: draft.files, manifest: JSON.parse(JSON.stringify(manifest)) as Artifact['manifest'] };
    this.artifacts.set(key, artifact);
    return artifact;
  }

  async discard(draft: DraftArtifact): Promise<void> {
    this.acts.push('discard');
    this.drafts.delete(draft.id);
    rmSync(draft.id, { recursive: true });
  }

  async collectGarbage(): Promise<readonly string[]> {
    return [];
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
      await destroy.call(machine);
      this.machines.delete(machine);
    };
    return machine;
  }

  private async copy(from: string, to: string): Promise<void> {
    rmSync(to, { recursive: true, force: true });
    await output(['cp', '-a', from, to]);
  }
}
