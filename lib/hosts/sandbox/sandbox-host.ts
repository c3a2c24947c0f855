import { randomBytes } from 'crypto';
import { dirname, join } from 'path';
import { ArtifactStore, type StoredRootTar } from './artifact-store';
import { baseSpec, rootTarId, type BaseSpec } from './base-spec';
import { BaseStore } from './base-store';
import { BootedDisk } from './booted-disk';
import { copiedDiskView, returnLent } from './copied-disk';
import { convertDisk, writeDiskImage } from './disk-image';
import { markUsed } from './disk-use';
import type { DiskView } from './disk-view';
import { whileFrozen } from './freeze';
import { explainingFullDisk } from './full-disk';
import { collectGarbage } from './garbage';
import { imageDisk } from './image-machine';
import { LayerStore } from './layer-store';
import { findLeftMachine } from './left-machine';
import { discardMachine, makeMachineFolder } from './machine-folder';
import { NamespaceMachine } from './namespace-machine';
import { NspawnMachine } from './nspawn-machine';
import { withMergedDisk } from './overlay';
import { overlayFault } from './overlay-probe';
import { bootDisk } from './qemu-machine';
import { writeRootTar } from './root-tar';
import { SandboxFolder } from './sandbox-folder';
import { requireTools, ROOT_TOOLS, USER_TOOLS, WRITING_TOOLS } from './tools';
import { asRoot, isRoot, requireUserNamespace } from './user-namespace';
import { GoldenError } from '../../errors';
import type { BuildKeys } from '../../plan/keys';
import type { Plan } from '../../plan/model';
import type {
  Artifact, BootRequest, BootUpRequest, CaptureRequest, DeadBuild, DraftArtifact, Host, HostContext, ImageView, LaunchRequest, Machine,
  ResolvedSource, SourceOptions,
} from '../../ports/host';
import type { LaunchRequirements } from '../../ports/launch-requirements';

/** Until one was measured: a checkpoint of little change. */
const CHECKPOINT_ESTIMATE_SECONDS = 0.5;

export interface SandboxHostOptions {
  /** Keeps bases, layers and machines. Root's are not those of an ordinary user. */
  readonly stateFolder: string;
  /** Gets the finished images. */
  readonly outputFolder: string;
  /** Lets machines reach the loopback addresses of this host, at 10.0.2.2. @default false */
  readonly hostLoopback?: boolean;
}

/**
 * Builds on this machine, without a cloud account: bases from package mirrors, machines on overlays, disk images that QEMU boots.
 * On Debian or Ubuntu. Root's machines are booted by systemd-nspawn; those of an ordinary user lie in a user namespace, and are booted
 * under QEMU for what needs that.
 */
export class SandboxHost implements Host {
  readonly kind = 'sandbox';
  readonly folder: SandboxFolder;
  readonly bases: BaseStore;
  readonly layers: LayerStore;
  private readonly artifacts: ArtifactStore;
  private readonly hostLoopback: boolean;
  private measuredCheckpointSeconds = CHECKPOINT_ESTIMATE_SECONDS;
  private overlays?: Promise<string | undefined>;
  /** Machines that were booted of others, with the disks that they write to. */
  private readonly bootedUp = new WeakMap<Machine, BootedDisk>();

  constructor(options: SandboxHostOptions) {
    this.folder = new SandboxFolder(options.stateFolder);
    this.bases = new BaseStore(this.folder);
    this.layers = new LayerStore(this.folder, () => this.copies());
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

  /**
   * Errors, besides those of the source: `missing-tool`, `source-moved`, `layer-gone`, `boot-failed`, `disk-full`; and for an ordinary
   * user `no-subuids`, `no-user-namespaces`, `machine-failed`.
   */
  async launch(request: LaunchRequest, context: HostContext): Promise<Machine> {
    await this.requireAll();
    await this.artifacts.prepare();
    return this.start(await this.lowers(request, context), request.requirements, context);
  }

  private async requireAll(): Promise<void> {
    if (!isRoot()) { await requireUserNamespace(); }
    requireTools(isRoot() ? [...ROOT_TOOLS, ...WRITING_TOOLS] : USER_TOOLS);
    await this.folder.make();
  }

  /** Whether disks of machines are copies, since the kernel shows this user no overlays here. */
  private async copies(): Promise<boolean> {
    return await (this.overlays ??= overlayFault(this.folder.path)) !== undefined;
  }

  private async start(lowers: readonly string[], requirements: LaunchRequirements, context: HostContext): Promise<Machine> {
    await markUsed(this.folder, lowers);
    const options = { lowers, requirements, hostLoopback: this.hostLoopback, copied: await this.copies() };
    return explainingFullDisk(this.folder.machines, (): Promise<Machine> => (
      isRoot() ? NspawnMachine.launch(this.folder, options, context) : NamespaceMachine.launch(this.folder, options, context)
    ));
  }

  async checkpoint(machine: Machine, key: string, context: HostContext): Promise<void> {
    const begin = Date.now();
    const own = ours(machine);
    const tidy = isCopied(own) ? (disk: string) => returnLent(own.path, disk) : undefined;
    await whileFrozen(own.leader().pid, () => this.layers.save(key, own.upper, own.lowers, context, tidy));
    this.measuredCheckpointSeconds = (Date.now() - begin) / 1000;
  }

  async capture(machine: Machine, request: CaptureRequest, context: HostContext): Promise<DraftArtifact> {
    const { plan, keys } = request;
    const { architecture, rootVolumeSizeMiB: sizeMiB } = plan.definition.machine;
    const { signal } = context;
    const draft = this.artifacts.draftFolder(plan);
    await context.intend('draft-artifact', { folder: draft });
    return explainingFullDisk(draft, () => this.artifacts.draft(draft, plan, keys.build, async (folder) => {
      const raw = join(folder, 'disk.raw');
      await this.withDisk(machine, context, async ({ root, seen, enter }) => {
        const written = await Promise.allSettled([
          writeRootTar(root, join(folder, 'root.tar'), { enter, signal }),
          writeDiskImage(root, raw, { sizeMiB, architecture, seed: keys.build, enter, seen, signal }),
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
    return this.inMachineFolder(context, (folder) => bootDisk({
      disk: { file: join(draft.id, 'disk.qcow2'), format: 'qcow2' },
      folder,
      requirements: request.requirements,
      architecture: request.plan.definition.machine.architecture,
      signal: context.signal,
    }));
  }

  async bootUp(machine: Machine, { plan, keys, requirements }: BootUpRequest, context: HostContext): Promise<Machine> {
    const { architecture, rootVolumeSizeMiB: sizeMiB } = plan.definition.machine;
    const { signal } = context;
    return this.inMachineFolder(context, (folder) => explainingFullDisk(folder, async () => {
      const options = { folder, sizeMiB, architecture, seed: keys.build, signal };
      const disk = await this.withDisk(machine, context, (view) => BootedDisk.compose(view, options));
      const booted = await disk.boot(requirements, architecture, signal);
      this.bootedUp.set(booted, disk);
      return booted;
    }));
  }

  publish(draft: DraftArtifact, manifest: object): Promise<Artifact> {
    return explainingFullDisk(draft.id, () => this.artifacts.publish(draft, manifest));
  }

  discard(draft: DraftArtifact): Promise<void> {
    return this.artifacts.discard(draft);
  }

  /** What belongs to a process that is gone is told by itself; but a machine that another build left may be wanted. */
  removeBuild({ intents }: DeadBuild): Promise<readonly string[]> {
    const drafts = intents.filter(({ act }) => act === 'draft-artifact').map(({ detail }) => String(detail.folder));
    const machines = new Set(intents.filter(({ act }) => act === 'launch-machine').map(({ detail }) => String(detail.id)));
    const others = drafts.map((draft) => dirname(draft));
    return collectGarbage(this.folder, this.artifacts.outputFolder, { others, isMeant: (id) => machines.has(id) });
  }

  collectGarbage(): Promise<readonly string[]> {
    return collectGarbage(this.folder, this.artifacts.outputFolder);
  }

  /** The machine of a build whose process is gone, where that still runs. */
  findMachine(build: DeadBuild): Machine | undefined {
    return findLeftMachine(this.folder, build);
  }

  /** Starts a machine to look into an image; what is done to it is thrown away with it. Errors: `nothing-built`, and those of `launch`. */
  async showImage(view: ImageView, context: HostContext): Promise<{ readonly machine: Machine; readonly description: string }> {
    await this.requireAll();
    const { lowers, description } = await imageDisk(view, this, context);
    return { machine: await this.start(lowers, {}, context), description };
  }

  /** Shows the disk of a machine that has stopped. */
  private async withDisk<T>(machine: Machine, context: HostContext, act: (view: DiskView) => Promise<T>): Promise<T> {
    const booted = this.bootedUp.get(machine);
    if (booted) {
      const root = await booted.unpack(context.signal);
      return act({ root, seen: root, enter: asRoot([]) });
    }
    const own = ours(machine);
    if (isCopied(own)) { return act(await copiedDiskView(own.path)); }
    const { disk, id } = own;
    const mountPoint = `machines/${id}/root`;
    await context.intend('mount-disk', { path: join(this.folder.path, mountPoint) });
    return withMergedDisk(this.folder.path, disk, mountPoint, act);
  }

  /** Starts a machine in a folder that it removes, and our record of whose it is with it, when it is destroyed. */
  private async inMachineFolder(context: HostContext, launch: (folder: string) => Promise<Machine>): Promise<Machine> {
    const id = `boot-${randomBytes(6).toString('hex')}`;
    await context.intend('launch-machine', { id, folder: this.folder.machine(id) });
    await makeMachineFolder(this.folder, id, []);
    try {
      return await launch(this.folder.machine(id));
    } catch (error) {
      await discardMachine(this.folder, id);
      throw error;
    }
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

function isCopied(machine: NspawnMachine | NamespaceMachine): machine is NamespaceMachine {
  return machine instanceof NamespaceMachine && machine.copied;
}

function ours(machine: Machine): NspawnMachine | NamespaceMachine {
  if (machine instanceof NspawnMachine || machine instanceof NamespaceMachine) { return machine; }
  throw new GoldenError('foreign-machine', `${machine.description} is no machine that this host launched`, { kind: 'internal' });
}
