import type { BuildContext, PhaseTime } from './build-context';
import type { CheckSummary } from './checks';
import type { Inputs } from './inputs';
import type { InstructionResult } from './instruction-result';
import type { DraftArtifact, Machine } from '../ports/host';

/** What is known of a build when its artifact is published. */
export interface ManifestInputs {
  readonly context: BuildContext;
  readonly inputs: Inputs;
  readonly machine: Machine;
  readonly draft: DraftArtifact;
  readonly startedAt: number;
  readonly instructions: readonly InstructionResult[];
  /** Results of `check` instructions, of the finished machine, and of the machine that was started from the capture. */
  readonly checks: {
    readonly provision: readonly CheckSummary[];
    readonly final: readonly CheckSummary[];
    readonly bootTest?: readonly CheckSummary[];
  };
  readonly cleaned: readonly string[];
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
  readonly host: { readonly kind: string; readonly machine: string; readonly communicator: string };
  /** ISO 8601 times, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly phases: readonly PhaseTime[];
  readonly instructions: readonly InstructionResult[];
  readonly checks: ManifestInputs['checks'];
  readonly cleaned: readonly string[];
  readonly files: DraftArtifact['files'];
}

export function manifestOf({ context, inputs, machine, draft, startedAt, instructions, checks, cleaned }: ManifestInputs): Manifest {
  const { request, buildId, phases } = context;
  const { plan, host, communicators, clock, toolVersion } = request;
  return {
    version: 1,
    image: plan.image,
    definitionHash: plan.definitionHash,
    deliveryHash: plan.deliveryHash,
    buildKey: inputs.keys.build,
    buildId,
    toolVersion,
    source: { id: inputs.source.id, description: inputs.source.description },
    host: { kind: host.kind, machine: machine.description, communicator: communicators.provision.kind },
    startedAt: new Date(startedAt).toISOString(),
    finishedAt: new Date(clock.now()).toISOString(),
    phases: [...phases],
    instructions,
    checks,
    cleaned,
    files: draft.files,
  };
}

/** Whether the artifact of this manifest was booted and checked before it was published. */
export function wasBootTested(manifest: { readonly [key: string]: unknown }): boolean {
  return Array.isArray((manifest.checks as Partial<Manifest['checks']> | undefined)?.bootTest);
}
