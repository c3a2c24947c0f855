import type { BuildContext, PhaseTime } from './build-context';
import type { BootedUp, Provisioned } from './build-record';
import type { CheckSummary } from './checks';
import type { InstructionResult } from './instruction-result';
import type { DraftArtifact, ResolvedSource } from '../ports/host';

/** What is known of a build when its artifact is published. */
export interface ManifestInputs {
  readonly context: BuildContext;
  readonly buildKey: string;
  readonly source: ResolvedSource;
  readonly draft: DraftArtifact;
  readonly provisioned: Provisioned;
  /** Results from the machine that was started from the capture. */
  readonly bootChecks?: readonly CheckSummary[];
}

/** The document that is published beside an artifact: what it is, what it was made of, and how. */
export interface Manifest {
  readonly version: 1;
  readonly image: string;
  readonly definitionHash: string;
  readonly deliveryHash: string;
  readonly buildKey: string;
  readonly buildId: string;
  readonly toolVersion: string;
  readonly source: { readonly id: string; readonly description: string };
  readonly host: { readonly kind: string; readonly machine: string; readonly communicator: string; readonly bootedUp?: BootedUp };
  /** ISO 8601 times, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly phases: readonly PhaseTime[];
  readonly instructions: readonly InstructionResult[];
  /** Results of `check` instructions, of the finished machine, and of the machine that was started from the capture. */
  readonly checks: Provisioned['checks'] & { readonly bootTest?: readonly CheckSummary[] };
  readonly cleaned: readonly string[];
  readonly files: DraftArtifact['files'];
}

export function manifestOf({ context, buildKey, source, draft, provisioned, bootChecks }: ManifestInputs): Manifest {
  const { request, buildId } = context;
  const { plan, host, clock, toolVersion } = request;
  const { machine, communicator, bootedUp, startedAt, instructions, checks, cleaned } = provisioned;
  return {
    version: 1,
    image: plan.image,
    definitionHash: plan.definitionHash,
    deliveryHash: plan.deliveryHash,
    buildKey,
    buildId,
    toolVersion,
    source: { id: source.id, description: source.description },
    host: { kind: host.kind, machine, communicator, bootedUp },
    startedAt,
    finishedAt: new Date(clock.now()).toISOString(),
    phases: phasesOf(provisioned, context),
    instructions,
    checks: { ...checks, bootTest: bootChecks },
    cleaned,
    files: draft.files,
  };
}

/** Of the build that provisioned, which may have been an earlier one, and of this one. */
function phasesOf({ phases }: Provisioned, context: BuildContext): readonly PhaseTime[] {
  const ofThisBuild = phases.every((time) => context.phases.includes(time));
  return ofThisBuild ? [...context.phases] : [...phases, ...context.phases];
}

/** Whether the artifact of this manifest was booted and checked before it was published. */
export function wasBootTested(manifest: { readonly [key: string]: unknown }): boolean {
  return Array.isArray((manifest.checks as Partial<Manifest['checks']> | undefined)?.bootTest);
}
