import { randomBytes } from 'crypto';
import { dirname, join } from 'path';
import { ArtifactStore, type StoredRootTar } from './artifact-store';
import { baseSpec, rootTarId, type BaseSpec } from './base-spec';
import { BaseStore } from './base-store';
import { convertDisk, writeDiskImage } from './disk-image';
import { markUsed } from './disk-use';
import { whileFrozen } from './freeze';
import { explainingFullDisk } from './full-disk';
import { collectGarbage } from './garbage';
import { LayerStore } from './layer-store';
import { discardMachine, makeMachineFolder } from './machine-folder';
import { NspawnMachine } from './nspawn-machine';
import { withMergedDisk } from './overlay';
import { bootDisk } from './qemu-machine';
import { writeRootTar } from './root-tar';
import { SandboxFolder } from './sandbox-folder';
import { requireTools } from './tools';
import { GoldenError } from '../../errors';
import type { BuildKeys } from '../../plan/keys';
import type { Plan } from '../../plan/model';
import type {
  Artifact, BootRequest, CaptureRequest, DeadBuild, DraftArtifact, Host, HostContext, LaunchRequest, Machine, ResolvedSource, SourceOptions,
} from '../../ports/host';

/** Until one was measured: a checkpoint of little change. */
const CHECKPOINT_ESTIMATE_SECONDS = 0.5;

export interface SandboxHostOptions {
  /** Keeps bases, layers and machines. Everything below is root's. */
  readonly stateFolder: string;
  /** Gets the finished images. */
  readonly outputFolder: string;
  /** Lets machines reach the loopback addresses of this host, at 10.0.2.2. @default false */
  readonly hostLoopback?: boolean;
}

/**
 * Builds on this machine, without a cloud account: bases from package mirrors, machines that systemd-nspawn boots on overlays,
 * disk images that QEMU boots. For root on Debian or Ubuntu.
 */
export class SandboxHost implements Host {
  readonly kind = 'sandbox';
  private readonly folder: SandboxFolder;
  private readonly bases: BaseStore;
  private readonly layers: LayerStore;
  private readonly artifacts: ArtifactStore;
  private readonly hostLoopback: boolean;
  private measuredCheckpointSeconds = CHECKPOINT_ESTIMATE_SECONDS;

  constructor(options: SandboxHostOptions) {
    this.folder = new SandboxFolder(options.stateFolder);
    this.bases = new BaseStore(this.folder);
    this.layers = new LayerStore(this.folder);
    this.artifacts = new ArtifactStore(options.outputFolder);
    this.hostLoopback = options.hostLoopback ?? false;
  }

  get checkpointSeconds(): number { return this.measuredCheckpointSeconds; }

  async resolve(plan: Plan, _context?: HostContext, { parentKey }: SourceOptions = {}): Promise<ResolvedSource> {
    const { id, description } = await this.baseSpec(plan, ({ buildKey }) => parentKey === undefined || buildKey === parentKey);
    return { id, description };
  }

  findArtifact(plan: Plan, keys: BuildKeys): Promise<Artifact | undefined> {
    return this.artifacts.find(plan, keys.build);
  }

  async findLayer(keys: BuildKeys): Promise<number> {
    for (let index = keys.layers.length - 1; index > 0; index--) {
      if (await this.layers.lowers(keys.layers[index])) { return index; }
    }
    return 0;
  }

  /** Errors, besides those of the source: `needs-root`, `missing-tool`, `source-moved`, `layer-gone`, `boot-failed`, `disk-full`. */
  async launch(request: LaunchRequest, context: HostContext): Promise<Machine> {
    requireRoot();
    await requireTools(['systemd-nspawn', 'slirp4netns', 'ip', 'nsenter', 'setpriv', 'perl']);
    await this.artifacts.prepare();
    const lowers = await this.lowers(request, context);
    await markUsed(this.folder, lowers);
    const options = { lowers, requirements: request.requirements, hostLoopback: this.hostLoopback };
    return explainingFullDisk(this.folder.machines, () => NspawnMachine.launch(this.folder, options, context));
  }

  async checkpoint(machine: Machine, key: string, context: HostContext): Promise<void> {
    const begin = Date.now();
    const own = nspawn(machine);
    await whileFrozen(own.leader().pid, () => this.layers.save(key, own.upper, own.lowers, context));
    this.measuredCheckpointSeconds = (Date.now() - begin) / 1000;
  }

  async capture(machine: Machine, request: CaptureRequest, context: HostContext): Promise<DraftArtifact> {
    const { disk, id } = nspawn(machine);
    const { plan, keys } = request;
    const { architecture, rootVolumeSizeMiB: sizeMiB } = plan.definition.machine;
    const { signal } = context;
    const draft = this.artifacts.draftFolder(plan);
    const mountPoint = `machines/${id}/root`;
    await context.intend('draft-artifact', { folder: draft });
    await context.intend('mount-disk', { path: join(this.folder.path, mountPoint) });
    return explainingFullDisk(draft, () => this.artifacts.draft(draft, plan, keys.build, async (folder) => {
      const raw = join(folder, 'disk.raw');
      await withMergedDisk(this.folder.path, disk, mountPoint, async (root) => {
        const written = await Promise.allSettled([
          writeRootTar(root, join(folder, 'root.tar'), { signal }),
          writeDiskImage(root, raw, { sizeMiB, architecture, seed: keys.build, signal }),
        ]);
        // Both have ended before the disk is unmounted.
        for (const result of written) {
          if (result.status === 'rejected') { throw result.reason; }
        }
      });
      await convertDisk(raw, join(folder, 'disk.qcow2'), { signal });
      return ['root.tar', 'disk.raw', 'disk.qcow2'];
    }, signal));
  }

  findDraft(plan: Plan, keys: BuildKeys, { intend, signal }: HostContext): Promise<DraftArtifact | undefined> {
    return this.artifacts.adopt(plan, keys.build, (folder) => intend('draft-artifact', { folder }), signal);
  }

  async boot(draft: DraftArtifact, request: BootRequest, context: HostContext): Promise<Machine> {
    const id = `boot-${randomBytes(6).toString('hex')}`;
    await context.intend('launch-machine', { id, folder: this.folder.machine(id) });
    await makeMachineFolder(this.folder, id, []);
    try {
      return await bootDisk({
        qcow2: join(draft.id, 'disk.qcow2'),
        // It removes the folder, and our record of whose it is with it, when it is destroyed.
        folder: this.folder.machine(id),
        requirements: request.requirements,
        architecture: request.plan.definition.machine.architecture,
        signal: context.signal,
      });
    } catch (error) {
      await discardMachine(this.folder, id);
      throw error;
    }
  }

  publish(draft: DraftArtifact, manifest: object): Promise<Artifact> {
    return explainingFullDisk(draft.id, () => this.artifacts.publish(draft, manifest));
  }

  discard(draft: DraftArtifact): Promise<void> {
    return this.artifacts.discard(draft);
  }

  /** What belongs to a process that is gone is told by itself: nobody has to say which build it was, but where else it put images. */
  removeBuild({ intents }: DeadBuild): Promise<readonly string[]> {
    const drafts = intents.filter(({ act }) => act === 'draft-artifact').map(({ detail }) => String(detail.folder));
    return collectGarbage(this.folder, this.artifacts.outputFolder, drafts.map((draft) => dirname(draft)));
  }

  collectGarbage(): Promise<readonly string[]> {
    return collectGarbage(this.folder, this.artifacts.outputFolder);
  }

  /** Where it starts from another image: from the newest artifact of that which is wanted. */
  private baseSpec(plan: Plan, isWanted: (tar: StoredRootTar) => boolean): Promise<BaseSpec> {
    return baseSpec(plan, async (image, definitionHash) => (await this.artifacts.findRootTars(image, definitionHash)).find(isWanted)?.source);
  }

  private async lowers(request: LaunchRequest, context: HostContext): Promise<readonly string[]> {
    if (request.layer > 0) {
      const lowers = await this.layers.lowers(request.keys.layers[request.layer]);
      if (!lowers) {
        throw new GoldenError('layer-gone', `The layer after instruction ${request.layer} is not there any more`, {
          path: request.plan.image, hint: 'Build again: it starts from the layers that are there.',
        });
      }
      return lowers;
    }
    const { architecture } = request.plan.definition.machine;
    const spec = await this.baseSpec(request.plan, ({ source }) => rootTarId(source, architecture) === request.source.id);
    if (spec.id !== request.source.id) {
      throw new GoldenError('source-moved', 'Its source was built anew while the build began', { path: request.plan.image, hint: 'Build again.' });
    }
    await this.bases.prepare(spec, context);
    return [this.folder.baseRoot(spec.id)];
  }
}

function nspawn(machine: Machine): NspawnMachine {
  if (machine instanceof NspawnMachine) { return machine; }
  throw new GoldenError('foreign-machine', `${machine.description} is no machine that this host launched`, { kind: 'internal' });
}

function requireRoot(): void {
  if (process.getuid?.() === 0) { return; }
  throw new GoldenError('needs-root', 'Machines of the sandbox are started by root only', {
    hint: 'Run the command as root, for example with sudo.',
  });
}
