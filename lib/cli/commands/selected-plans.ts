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
