import { selectedPlans, type AppOptions } from './selected-plans';
import { shownPath } from '../reporting/shown-path';
import { table } from '../reporting/table';
import type { Surroundings } from '../surroundings';

/** Synthesises the app and says where the plans are. */
export async function synthCommand(patterns: readonly string[], options: AppOptions, surroundings: Surroundings): Promise<number> {
  const plans = await selectedPlans(patterns, options, surroundings);
  const rows = plans.map(({ plan, file }) => [plan.image, plan.definitionHash.slice(0, 16), shownPath(surroundings.folder, file)]);
  surroundings.stdout.write(table(rows));
  return 0;
}
