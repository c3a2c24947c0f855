import type { Dialer } from './dialer';
import type { EventSink } from './events';
import type { LaunchRequirements } from './launch-requirements';
import type { BuildKeys } from '../plan/keys';
import type { Plan } from '../plan/model';

/** Where machines come from and images are captured. */
export interface Host {
  readonly kind: 'sandbox' | 'ec2';

  /**
   * Says what the source is now: the same ID gives the same disk. Makes nothing.
   * @param parentKey build key of the image it starts from; absent: the newest artifact of it, as it is defined now
   */
  resolve(plan: Plan, context: HostContext, parentKey?: string): Promise<ResolvedSource>;

  /** The finished artifact of a build key, if there is one and it is whole. */
  findArtifact(plan: Plan, keys: BuildKeys): Promise<Artifact | undefined>;

  /** Index of the deepest of these layers that exists: `0` is the source itself. */
  findLayer(keys: BuildKeys): Promise<number>;

  /** Starts a machine from the layer at an index; from the source itself, which it prepares, for `0`. */
  launch(request: LaunchRequest, context: HostContext): Promise<Machine>;

  /** What it costs to save a layer, in seconds: an estimate until one was measured. */
  readonly checkpointSeconds: number;

  /** Saves the disk of a machine, quiesced for that time, as the layer of this key. */
  checkpoint(machine: Machine, key: string, context: HostContext): Promise<void>;

  /** Turns the disk of a stopped machine into an artifact that nobody sees yet. */
  capture(machine: Machine, request: CaptureRequest, context: HostContext): Promise<DraftArtifact>;

  /** Starts a machine from a draft, to prove it. What it does to the disk is thrown away. */
  boot(draft: DraftArtifact, request: BootRequest, context: HostContext): Promise<Machine>;

  /** Gives a draft its final name, with its manifest, in one act. */
  publish(draft: DraftArtifact, manifest: object, context: HostContext): Promise<Artifact>;

  /** Removes a draft. */
  discard(draft: DraftArtifact): Promise<void>;

  /** Removes whatever builds that are no longer running left behind. Returns one line for each thing it removed. */
  collectGarbage(context: HostContext): Promise<readonly string[]>;
}

/** What one build hands to its host. */
export interface HostContext {
  readonly buildId: string;
  readonly report: EventSink;
  readonly signal: AbortSignal;
  /** Records an intent durably, before the act. The host can undo it from this alone. */
  readonly intend: (act: string, detail: { readonly [key: string]: string | number }) => Promise<void>;
}

export interface ResolvedSource {
  /** The same ID always gives the same disk. */
  readonly id: string;
  /** For people: `Debian bookworm (mmdebstrap)`. */
  readonly description: string;
}

export interface LaunchRequest {
  readonly plan: Plan;
  readonly source: ResolvedSource;
  readonly keys: BuildKeys;
  /** Index into `keys.layers`. */
  readonly layer: number;
  readonly requirements: LaunchRequirements;
}

export interface CaptureRequest {
  readonly plan: Plan;
  readonly keys: BuildKeys;
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
  readonly access: MachineAccess;
  /** Waits until the machine has gone down, and starts it again, with its disk. Throws `interrupted` where the signal ends the wait. */
  restarted(timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /** Shuts down cleanly; the disk stays. */
  stop(timeoutMs: number): Promise<void>;
  /** Ends it at once and removes it with its disk. May be called twice, and after `stop`. */
  destroy(): Promise<void>;
  /** Settles when the machine has gone without being asked to. */
  readonly lost: Promise<string>;
}

/** The ways into a machine; a communicator picks the one it speaks. */
export interface MachineAccess {
  /** Command that runs its further arguments as root inside the machine. Asked anew for each use: a reboot changes it. */
  readonly enter?: () => Promise<readonly string[]>;
  readonly dial?: Dialer;
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
