import { readAssembly } from '../app/assembly';
import { parsePlans, type ParsedPlan } from '../app/plans';
import { selectImages } from '../app/selection';
import { synthesise, type SynthesisOptions } from '../app/synthesis';
import type { Surroundings } from '../surroundings';

/** Options of every command that begins with the app. */
export type AppOptions = SynthesisOptions;

/** Synthesises the app, and reads the plans of the images that are asked for. */
export async function selectedPlans(patterns: readonly string[], options: AppOptions, surroundings: Surroundings): Promise<ParsedPlan[]> {
  const folder = await synthesise(options, surroundings);
  return parsePlans(selectImages(readAssembly(folder), patterns));
}

/** As `selectedPlans`, with the images that those start from: one that is built starts from its parent as it is now. */
export async function plansToBuild(patterns: readonly string[], options: AppOptions, surroundings: Surroundings): Promise<ParsedPlan[]> {
  const files = readAssembly(await synthesise(options, surroundings));
  const plans = parsePlans(selectImages(files, patterns));
  // It grows under the loop: a parent may have one itself.
  for (const { plan: { definition: { source } } } of plans) {
    if (source.type !== 'image' || plans.some(({ plan }) => plan.image === source.image)) { continue; }
    plans.push(...parsePlans(files.filter(({ image }) => image === source.image)));
  }
  return plans;
}
