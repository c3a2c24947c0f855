import type { Dialer } from './dialer';
import type { EventSink } from './events';
import type { LaunchRequirements } from './launch-requirements';
import type { BuildKeys } from '../plan/keys';
import type { Plan } from '../plan/model';
import type { LateValue } from '../plan/values';

/** Where machines come from and images are captured. */
export interface Host {
  readonly kind: 'sandbox' | 'ec2';

  /** Says what the source is: the same ID gives the same disk. Makes nothing. */
  resolve(plan: Plan, context: HostContext, options?: SourceOptions): Promise<ResolvedSource>;

  /** The finished artifact of a build key, if there is one and it is whole. */
  findArtifact(plan: Plan, keys: BuildKeys): Promise<Artifact | undefined>;

  /** Looks up beforehand what a launch needs to know, where that takes time: one is likely to follow. Makes nothing. */
  expectLaunch?(plan: Plan, context: HostContext): void;

  /** Index of the deepest of these layers that exists: `0` is the source itself. */
  findLayer(keys: BuildKeys): Promise<number>;

  /** Starts a machine from the layer at an index; from the source itself, which it prepares, for `0`. */
  launch(request: LaunchRequest, context: HostContext): Promise<Machine>;

  /** What it costs to save a layer, in seconds: an estimate until one was measured. */
  readonly checkpointSeconds: number;

  /** A checkpoint sees only what the machine has written to its disk: it is told to write before. */
  readonly checkpointsDevice?: boolean;

  /**
   * Boots what a machine that is not booted has on its disk, for what needs a booted one; that machine has stopped. What is done from
   * there on is captured. Absent: all that `launch` starts is as booted as it gets.
   */
  bootUp?(machine: Machine, request: BootUpRequest, context: HostContext): Promise<Machine>;

  /** Saves the disk of a machine, quiesced for that time, as the layer of this key. */
  checkpoint(machine: Machine, key: string, context: HostContext): Promise<void>;

  /** Turns the disk of a stopped machine into an artifact that nobody sees yet. */
  capture(machine: Machine, request: CaptureRequest, context: HostContext): Promise<DraftArtifact>;

  /** Removes what the capture of a machine has made that was not finished. Absent: a capture that fails leaves nothing. */
  abandonCapture?(machine: Machine, context: HostContext): Promise<void>;

  /** Starts a machine from a draft, to prove it. What it does to the disk is thrown away. */
  boot(draft: DraftArtifact, request: BootRequest, context: HostContext): Promise<Machine>;

  /**
   * The draft that an earlier build of this key captured and did not live to publish. Nobody else builds the key meanwhile.
   * Absent: such drafts are removed, and built again.
   * @param builds those that it may be of; whoever gets the draft answers for what they began
   */
  findDraft?(plan: Plan, keys: BuildKeys, context: HostContext, builds: readonly DeadBuild[]): Promise<DraftArtifact | undefined>;

  /** Takes a draft to every place that the plan names, before anybody is told of it. Absent: there is one place only. */
  distribute?(draft: DraftArtifact, request: CaptureRequest, context: HostContext): Promise<void>;

  /**
   * Makes a published artifact agree with where the plan wants it now, and with what others read of it.
   * Returns one line for each thing it changed. Absent: there is nothing that could differ.
   */
  reconcile?(artifact: Artifact, request: CaptureRequest, context: HostContext): Promise<readonly string[]>;

  /** Gives a draft its final name, with its manifest, in one act. */
  publish(draft: DraftArtifact, manifest: object, context: HostContext): Promise<Artifact>;

  /** Removes a draft. */
  discard(draft: DraftArtifact): Promise<void>;

  /**
   * Removes whatever one build left that is known to be gone, whatever its lease says: all but layers and what is published.
   * Returns one line for each thing it removed.
   * @param keep a draft of it that another build goes on from
   */
  removeBuild(build: DeadBuild, context: HostContext, keep?: DraftArtifact): Promise<readonly string[]>;

  /** Removes whatever builds that are no longer running left behind. Returns one line for each thing it removed. */
  collectGarbage(context: HostContext, scope?: GarbageScope): Promise<readonly string[]>;

  /**
   * Removes published artifacts with all that belongs to them, but none that is in use: those are an error that says by whom.
   * Returns one line for each thing it removed, or would remove. Absent: artifacts are folders that users remove.
   */
  removeArtifacts?(plan: RemovedImage, options: { readonly dryRun: boolean }, context: HostContext): Promise<readonly string[]>;

  /** Policies that building these plans needs, and no more. Absent: no account is used. */
  policies?(plans: readonly Plan[], places?: PolicyPlaces): Promise<readonly NamedPolicy[]>;
}

/** A build whose process is gone, and what it had recorded. */
export interface DeadBuild {
  readonly buildId: string;
  /** What it began, in order, whether or not it was done: see `HostContext.intend`. */
  readonly intents: readonly { readonly act: string; readonly detail: { readonly [key: string]: unknown } }[];
}

/** An image as it is on this computer. */
export interface ImageView {
  readonly image: string;
  /** Absent: the last build of it did not end well. */
  readonly artifact?: { readonly buildKey: string; readonly rootTar: { readonly path: string; readonly sha256: string } };
  /** Keys of the layers of its last build; the first is the source. */
  readonly layers: readonly string[];
}

/** An image whose artifacts are to be removed: as its plan has it, or by its construct path where the app is gone. */
export type RemovedImage = Pick<Plan, 'image'> & Partial<Plan>;

/** Where to look for what is left. */
export interface GarbageScope {
  /** Regions to look in beside the host's own, where it knows any. */
  readonly regions?: readonly string[];
}

/** An IAM policy document, and whom it is for. */
export interface NamedPolicy {
  /** `build role`, `instance role`. */
  readonly name: string;
  readonly document: object;
}

/** What belongs to the user, and is used as well. */
export interface PolicyPlaces {
  /** Where records and locks of builds are: `s3://bucket/prefix`. */
  readonly state?: string;
  /** Bucket for what is too big for a command. */
  readonly stagingBucket?: string;
}

/** What one build hands to its host. */
export interface HostContext {
  readonly buildId: string;
  readonly report: EventSink;
  readonly signal: AbortSignal;
  /** Records an intent durably, before the act. The host can undo it from this alone. */
  readonly intend: (act: string, detail: { readonly [key: string]: string | number }) => Promise<void>;
  /** Reads what is known only when an image is built: the literal itself, or what it refers to. */
  readonly late: (value: LateValue) => Promise<string>;
}

export interface SourceOptions {
  /** Build key of the image it starts from. @default the newest artifact of it, as it is defined now */
  readonly parentKey?: string;
  /** What the source is now, even where the definition was built of another one before. @default false */
  readonly newerSource?: boolean;
}

export interface ResolvedSource {
  /** The same ID always gives the same disk. */
  readonly id: string;
  /** For people: `Debian bookworm (mmdebstrap)`. */
  readonly description: string;
  /** Build key of the image that it is, where it is another one of ours. */
  readonly buildKey?: string;
  /** Nothing was built of this definition there: to look for its artifact is of no use. */
  readonly isNew?: boolean;
  /** Whether it can still be built of. Absent: it was looked at just now. */
  readonly isThere?: () => Promise<boolean>;
}

export interface LaunchRequest {
  readonly plan: Plan;
  readonly source: ResolvedSource;
  readonly keys: BuildKeys;
  /** Index into `keys.layers`. */
  readonly layer: number;
  readonly requirements: LaunchRequirements;
  /** Called when the machine was asked for, and takes its time: what it gets can be prepared meanwhile. */
  readonly onAsked?: () => void;
}

export interface CaptureRequest {
  readonly plan: Plan;
  readonly keys: BuildKeys;
}

export interface BootUpRequest extends CaptureRequest {
  readonly requirements: LaunchRequirements;
}

export interface BootRequest {
  readonly plan: Plan;
  readonly requirements: LaunchRequirements;
}

/** A machine that a host started. */
export interface Machine {
  readonly id: string;
  /** For people: `systemd-nspawn, process 4711`. */
  readonly description: string;
  /** Whether its services really run. */
  readonly booted: boolean;
  /** Whether its disk can be saved as a layer while it runs. @default true */
  readonly checkpoints?: boolean;
  readonly access: MachineAccess;
  /** Absent: the machine cannot outlive what started it. */
  readonly lease?: Lease;
  /** Shell commands that see to it that nothing which the host put there remains once it is stopped: the image has none. Say what they remove. */
  readonly leave?: string;
  /** Whether cloud-init sets it up at its first boot. */
  readonly cloudInit?: boolean;
  /** Waits until the machine has gone down, and starts it again, with its disk. Throws `interrupted` where the signal ends the wait. */
  restarted(timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /** Shuts down cleanly; the disk stays. */
  stop(timeoutMs: number): Promise<void>;
  /** Lets it go on where the process that started it ends. Absent: it does anyway, or cannot. */
  keep?(): Promise<void>;
  /** Ends it at once and removes it with its disk. May be called twice, and after `stop`. */
  destroy(): Promise<void>;
  /** Settles when the machine has gone without being asked to. */
  readonly lost: Promise<string>;
}

/** The machine ends itself where nobody renews its lease. */
export interface Lease {
  readonly renewEveryMs: number;
  /** Shell command that renews it, on the machine. */
  readonly renew: string;
  /** Shell command that ends it, before the capture: the image has none. */
  readonly disarm: string;
}

/** The ways into a machine; a communicator picks the one it speaks. */
export interface MachineAccess {
  /** Command that runs its further arguments as root inside the machine. Asked anew for each use: a reboot changes it. */
  readonly enter?: () => Promise<readonly string[]>;
  /** Opens streams to its ports, directly. */
  readonly dial?: Dialer;
  /** Where its ports are found by name or address, for those who go by another way. */
  readonly address?: string;
  /** What it is called in its region, for services that reach it by that. */
  readonly instanceId?: string;
  /** User to log in as. */
  readonly user: string;
}

/** An image that was captured and not yet published. */
export interface DraftArtifact {
  readonly id: string;
  readonly files: readonly ArtifactFile[];
}

export interface ArtifactFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a build leaves. */
export interface Artifact {
  readonly id: string;
  readonly buildKey: string;
  readonly files: readonly ArtifactFile[];
  /** The manifest as it was published. */
  readonly manifest: { readonly [key: string]: unknown };
}
