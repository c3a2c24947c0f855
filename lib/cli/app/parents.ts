import { readAssembly, type PlanFile } from './assembly';
import { parsePlans, type ParsedPlan } from './plans';
import type { Plan } from '../../plan/model';

/** A plan, the plan of the image that it starts from, and so on, as far as the assembly has them. */
export function withParents(file: PlanFile, assembly: string): ParsedPlan[] {
  const plans = parsePlans([file]);
  let others: PlanFile[] | undefined;
  for (let parent = parentOf(plans[0].plan); parent; parent = parentOf(plans.at(-1)!.plan)) {
    const { image, definitionHash } = parent;
    // Only images that start from others need the assembly read.
    others ??= readAssembly(assembly);
    const found = parsePlans(others.filter((each) => each.image === image)).find(({ plan }) => plan.definitionHash === definitionHash);
    if (!found) { break; }
    plans.push(found);
  }
  return plans;
}

function parentOf({ definition: { source } }: Plan): { readonly image: string; readonly definitionHash: string } | undefined {
  return source.type === 'image' ? source : undefined;
}
