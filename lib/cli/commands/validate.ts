import type { AppOptions } from './selected-plans';
import { verifyAssets } from '../../engine/assets';
import { InvalidPlanError, type Fault } from '../../errors';
import { readAssembly, type PlanFile } from '../app/assembly';
import { parsePlans } from '../app/plans';
import { selectImages } from '../app/selection';
import { synthesise } from '../app/synthesis';
import { count } from '../reporting/figures';
import type { Surroundings } from '../surroundings';

/** Reads all plans, holds them against the schema and their assets against their digests, and reports all faults together. */
export async function validateCommand(patterns: readonly string[], options: AppOptions, surroundings: Surroundings): Promise<number> {
  const folder = await synthesise(options, surroundings);
  const files = selectImages(readAssembly(folder), patterns);
  const faults: Fault[] = [];
  for (const file of files) { faults.push(...await faultsOf(file)); }
  if (faults.length > 0) { throw new InvalidPlanError('The assembly', faults); }
  surroundings.stdout.write(`${count(files.length, 'plan')} without faults: ${files.map(({ image }) => image).join(', ')}\n`);
  return 0;
}

async function faultsOf(planFile: PlanFile): Promise<readonly Fault[]> {
  try {
    for (const { plan, file } of parsePlans([planFile])) { await verifyAssets(plan, file); }
    return [];
  } catch (error) {
    if (error instanceof InvalidPlanError) { return error.faults; }
    throw error;
  }
}
