import { dirname, resolve } from 'path';
import type { PlanFile } from './assembly';
import { InvalidPlanError } from '../../errors';
import type { Plan } from '../../plan/model';
import { parsePlan } from '../../plan/parse';
import { withRootTarPath } from '../../plan/root-tar-path';

/** A plan that was read and found valid; a root tar that it starts from has an absolute path. */
export interface ParsedPlan {
  readonly plan: Plan;
  readonly file: string;
}

/** Reads plans. Throws one error with the faults of all of them. */
export function parsePlans(files: readonly PlanFile[]): ParsedPlan[] {
  const errors: InvalidPlanError[] = [];
  const plans = files.flatMap(({ path, text }) => {
    try {
      const plan = withRootTarPath(parsePlan(text, path), (location) => resolve(dirname(path), location));
      return [{ plan, file: path }];
    } catch (error) {
      if (!(error instanceof InvalidPlanError)) { throw error; }
      errors.push(error);
      return [];
    }
  });
  if (errors.length === 1) { throw errors[0]; }
  if (errors.length > 1) { throw new InvalidPlanError('The assembly', errors.flatMap(({ faults }) => faults)); }
  return plans;
}
