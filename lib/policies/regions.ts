import type { RegionSpec } from '../plan/delivery';
import type { Plan } from '../plan/model';

/** Regions that an image has to be copied to. */
export function wantedRegions(plan: Plan, home: string): readonly RegionSpec[] {
  return plan.delivery.regions.filter(({ region }) => region !== home);
}
