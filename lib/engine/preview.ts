import { verifyAssets } from './assets';
import { changesSince } from './changes';
import { historyOf, readHistory } from './history';
import { readInputs, type Inputs } from './inputs';
import { lateReader } from './late';
import { summaryOf } from './outcome';
import { deepestLayer } from './reusable-layers';
import type { InstructionType } from '../plan/instructions';
import type { BuildKeys } from '../plan/keys';
import type { Plan } from '../plan/model';
import type { ArtifactSummary, EventSink } from '../ports/events';
import type { Host } from '../ports/host';
import type { ValueSource } from '../ports/values';

export interface PreviewRequest {
  readonly plan: Plan;
  readonly planFile: string;
  readonly host: Host;
  /** Build key of the image it starts from. @default the newest artifact */
  readonly parentKey?: string;
  readonly newerSource?: boolean;
  readonly values: ValueSource;
  readonly stateFolder: string;
  readonly outputFolder: string;
  readonly report: EventSink;
  readonly signal: AbortSignal;
  /** False: what a build without layers and artifacts would do. */
  readonly useCache: boolean;
}

/** What a build would do now. */
export interface Preview {
  readonly image: string;
  readonly definitionHash: string;
  readonly keys: BuildKeys;
  readonly source: { readonly id: string; readonly description: string };
  /** The finished artifact: a build would do nothing. */
  readonly artifact?: ArtifactSummary;
  /** How many instructions are in the layer that a build would start from; 0: it would start from the source. */
  readonly cached: number;
  readonly instructions: readonly PreviewedInstruction[];
  /** Why something runs: what changed since the last build of this image, as lines for people. */
  readonly reasons: readonly string[];
}

export interface PreviewedInstruction {
  readonly index: number;
  readonly type: InstructionType;
  readonly origin: string;
  readonly action: 'cached' | 'run';
}

/** Says what a build would do, and why. Starts nothing, and writes nothing but the salt of fingerprints. Throws as a build would fail. */
export async function preview(request: PreviewRequest): Promise<Preview> {
  const { plan, host, useCache, signal, report } = request;
  const inputs = await readInputs(request, { buildId: 'preview', report, signal, intend: async () => { /* it acts on nothing */ }, late: lateReader(request.values) });
  const { keys, source } = inputs;
  const artifact = useCache && !source.isNew ? await host.findArtifact(plan, keys) : undefined;
  if (!artifact) { await verifyAssets(plan, request.planFile); }
  const { instructions } = plan.definition;
  const cached = artifact ? instructions.length : useCache ? await deepestLayer(request, keys) : 0;
  return {
    image: plan.image,
    definitionHash: plan.definitionHash,
    keys,
    source: { id: source.id, description: source.description },
    artifact: artifact && summaryOf(artifact),
    cached,
    instructions: instructions.map(({ type, origin }, index) => ({ index, type, origin, action: index < cached ? 'cached' : 'run' })),
    reasons: artifact ? [] : await reasons(request, inputs),
  };
}

async function reasons({ plan, stateFolder, useCache }: PreviewRequest, { keys, resolved }: Inputs): Promise<string[]> {
  if (!useCache) { return ['neither layers nor artifacts are to be used']; }
  const last = await readHistory(stateFolder, plan.image);
  if (!last) { return ['it was not built here before']; }
  const changes = changesSince(last, historyOf(plan, keys, resolved, 'failed'), plan);
  if (changes.length > 0) { return changes; }
  return [last.status === 'failed' ? 'the last build of it failed' : 'its artifact is not there any more'];
}
