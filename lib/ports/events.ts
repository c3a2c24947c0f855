import type { FailureKind } from '../errors';

/** Parts of a build, in the order they run. */
export type Phase =
  | 'resolve' | 'reconcile' | 'lock' | 'recover' | 'base' | 'launch' | 'connect' | 'cloud-init' | 'provision' | 'check' | 'clean' | 'stop' | 'capture'
  | 'boot-test' | 'distribute' | 'publish' | 'destroy';

/** Where and to which image it happened; added to every event by the sink of a build. */
export interface EventContext {
  /** ISO 8601 time, UTC. */
  readonly time: string;
  /** Construct path of the image. */
  readonly image: string;
}

/** The closed set of what a build reports. The journal stores them, the command line renders them, tests assert on them. */
export type BuildEvent =
  | { readonly type: 'build.started'; readonly host: string; readonly definitionHash: string; readonly instructions: number }
  | { readonly type: 'build.keyed'; readonly buildKey: string; readonly cached: number }
  | { readonly type: 'build.finished' } & BuildOutcome
  | { readonly type: 'phase.started'; readonly phase: Phase; readonly detail?: string }
  | { readonly type: 'phase.finished'; readonly phase: Phase; readonly seconds: number }
  | { readonly type: 'instruction.cached'; readonly index: number; readonly origin: string }
  | { readonly type: 'instruction.started'; readonly index: number; readonly origin: string; readonly attempt: number }
  | { readonly type: 'instruction.output'; readonly index: number; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | {
    readonly type: 'instruction.finished';
    readonly index: number;
    readonly origin: string;
    readonly exitCode: number;
    readonly seconds: number;
    readonly ok: boolean;
  }
  | { readonly type: 'layer.saved'; readonly key: string; readonly after: number; readonly seconds: number }
  | {
    readonly type: 'check.finished';
    readonly phase: 'provision' | 'check' | 'boot-test';
    readonly check: string;
    readonly attribute: string;
    readonly outcome: 'passed' | 'failed' | 'skipped';
    /** What was expected and found, where it failed. */
    readonly message?: string;
    readonly origin: string;
  }
  | { readonly type: 'notice'; readonly level: 'info' | 'warning'; readonly message: string };

/** How a build ended. */
export interface BuildOutcome {
  readonly status: 'built' | 'unchanged' | 'failed' | 'interrupted';
  readonly definitionHash: string;
  readonly buildKey?: string;
  readonly seconds: number;
  readonly artifact?: ArtifactSummary;
  readonly error?: { readonly code: string; readonly kind: FailureKind; readonly message: string; readonly hint?: string; readonly path?: string };
}

export interface ArtifactSummary {
  /** Folder or ID of the artifact. */
  readonly id: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

export type EventSink = (event: BuildEvent) => void;
