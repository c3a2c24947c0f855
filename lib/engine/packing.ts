import { assetFolderOf } from './assets';
import type { BuildContext } from './build-context';
import type { Bundle, PackedInstruction } from './bundle/bundle';
import { prepareBundle, type BundleLoad } from './bundle/ship';
import type { Inputs } from './inputs';
import { handlerOf } from './instructions/handlers';
import type { LayerPolicy } from './layer-policy';
import { endsBundle } from '../plan/instructions';
import type { Communicator } from '../ports/communicator';

export interface PackOptions {
  /** Index of the first instruction. */
  readonly from: number;
  /** Index after the last one that may be in it. */
  readonly to: number;
  /** How many bundles the machine got before. */
  readonly number: number;
  /** Whether the disk of the machine can be saved while it runs. */
  readonly savesLayers: boolean;
  /** Seconds between the last checkpoint and now. */
  readonly sinceCheckpoint: number;
}

/** Packs consecutive instructions that a machine executes by itself, as many as may be in one bundle. */
export function packBundle(
  { folders, request, decisions }: BuildContext, inputs: Inputs, policy: LayerPolicy, { from, to, number, savesLayers, sinceCheckpoint }: PackOptions,
): Bundle {
  const payload = `${folders.payload}/${number}`;
  const instructions: PackedInstruction[] = [];
  for (const [offset, instruction] of request.plan.definition.instructions.slice(from, to).entries()) {
    const handler = handlerOf(instruction);
    if (handler.place !== 'machine') { break; }
    const index = from + offset;
    instructions.push(handler.pack(instruction, {
      index,
      payload,
      hold: savesLayers ? policy.hold(index) : 'never',
      assetFolder: assetFolderOf(request.planFile),
      parameters: inputs.parameters,
      secrets: inputs.secrets,
    }));
    if (endsBundle(instruction) || decisions.stopsBeforeEach) { break; }
  }
  return { payload, state: `${folders.state}/${number}`, instructions, sinceCheckpoint };
}

/** A bundle that was packed while its machine was being launched. */
export interface PackedAhead {
  readonly options: PackOptions;
  readonly bundle: Bundle;
  readonly load: Promise<BundleLoad>;
}

/** Packs the first bundle of a machine, as it most likely will be. Undefined: it begins with an instruction that goes in none. */
export function packAhead(
  context: BuildContext, inputs: Inputs, policy: LayerPolicy, from: number, kind: Communicator['kind'],
): PackedAhead | undefined {
  const { instructions } = context.request.plan.definition;
  if (from === instructions.length || handlerOf(instructions[from]).place !== 'machine') { return undefined; }
  const options: PackOptions = { from, to: instructions.length, number: 0, savesLayers: true, sinceCheckpoint: 0 };
  const bundle = packBundle(context, inputs, policy, options);
  const load = prepareBundle(kind, bundle);
  // Whoever needs it is told.
  load.catch(() => undefined);
  return { options, bundle, load };
}

/** Whether what was packed ahead is what is to be executed, but for the time that has passed. */
export function isAsPacked({ options }: PackedAhead, { from, to, number, savesLayers }: PackOptions): boolean {
  return options.from === from && options.to === to && options.number === number && options.savesLayers === savesLayers;
}
