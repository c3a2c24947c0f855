import { existsSync } from 'fs';
import { dirname, join } from 'path';
import type { AppOptions } from './selected-plans';
import { InvalidPlanError, type Fault } from '../../errors';
import { assetDigest } from '../../plan/asset';
import type { AssetReference, Instruction, Text } from '../../plan/instructions';
import { ASSET_FOLDER } from '../../plan/model';
import { readAssembly, type PlanFile } from '../app/assembly';
import { parsePlans, type ParsedPlan } from '../app/plans';
import { selectImages } from '../app/selection';
import { synthesise } from '../app/synthesis';
import { count } from '../reporting/figures';
import type { Surroundings } from '../surroundings';

/** Reads all plans, holds them against the schema and their assets against their digests, and reports all faults together. */
export async function validateCommand(patterns: readonly string[], options: AppOptions, surroundings: Surroundings): Promise<number> {
  const folder = await synthesise(options, surroundings);
  const files = selectImages(readAssembly(folder), patterns);
  const faults = files.flatMap(faultsOf);
  if (faults.length > 0) { throw new InvalidPlanError('The assembly', faults); }
  surroundings.stdout.write(`${count(files.length, 'plan')} without faults: ${files.map(({ image }) => image).join(', ')}\n`);
  return 0;
}

function faultsOf(file: PlanFile): readonly Fault[] {
  try {
    return parsePlans([file]).flatMap(assetFaults);
  } catch (error) {
    if (error instanceof InvalidPlanError) { return error.faults; }
    throw error;
  }
}

function assetFaults({ plan, file }: ParsedPlan): Fault[] {
  const known = new Set<string>();
  return plan.definition.instructions.flatMap((instruction): Fault[] => {
    const digest = assetOf(instruction);
    if (digest === undefined || known.has(digest)) { return []; }
    known.add(digest);
    const path = join(dirname(file), ASSET_FOLDER, digest);
    const where = { path: `${plan.image}/${instruction.origin}`, hint: 'Synthesise the app again.' };
    if (!existsSync(path)) { return [{ code: 'missing-asset', message: `The asset ${path} does not exist`, ...where }]; }
    return assetDigest(path) === digest ? [] : [{ code: 'changed-asset', message: `The asset ${path} was changed after synthesis`, ...where }];
  });
}

function assetOf(instruction: Instruction): string | undefined {
  const content: Text | AssetReference | undefined = instruction.type === 'run' ? instruction.script : instruction.type === 'put' ? instruction.content : undefined;
  return content && 'asset' in content ? content.asset : undefined;
}
