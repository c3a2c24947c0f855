import type { ParsedPlan } from './app/plans';
import type { BuildOutcome } from '../ports/events';

export interface BuildOrder {
  /** How many builds run at the same time. */
  readonly parallel: number;
  /** @param parent how the image that it starts from ended, where that is among them */
  readonly build: (plan: ParsedPlan, parent?: BuildOutcome) => Promise<BuildOutcome>;
  /** Says how an image ends whose parent has no artifact. */
  readonly withoutParent: (plan: ParsedPlan, parent: ParsedPlan, outcome: BuildOutcome) => BuildOutcome;
}

/** Builds images, each after the image it starts from where that is among them, and others at the same time. One outcome for each, in order. */
export function buildInOrder(plans: readonly ParsedPlan[], order: BuildOrder): Promise<BuildOutcome[]> {
  const outcomes = new Map<ParsedPlan, Promise<BuildOutcome>>();
  const slots = new Slots(order.parallel);
  const run = async (plan: ParsedPlan): Promise<BuildOutcome> => {
    const parent = parentOf(plan, plans);
    const outcome = parent && await outcomeOf(parent);
    if (parent && outcome && outcome.status !== 'built' && outcome.status !== 'unchanged') { return order.withoutParent(plan, parent, outcome); }
    return slots.use(() => order.build(plan, outcome));
  };
  const outcomeOf = (plan: ParsedPlan): Promise<BuildOutcome> => {
    const outcome = outcomes.get(plan) ?? run(plan);
    outcomes.set(plan, outcome);
    return outcome;
  };
  return Promise.all(plans.map(outcomeOf));
}

/** The image among these that an image starts from. */
export function parentOf({ plan }: ParsedPlan, plans: readonly ParsedPlan[]): ParsedPlan | undefined {
  const { source } = plan.definition;
  return source.type === 'image' ? plans.find((each) => each.plan.image === source.image && each.plan.definitionHash === source.definitionHash) : undefined;
}

/** Lets so many run at the same time, the others wait in line. */
class Slots {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async use<T>(act: () => Promise<T>): Promise<T> {
    if (this.free > 0) { this.free--; } else { await new Promise<void>((resolve) => this.waiting.push(resolve)); }
    try {
      return await act();
    } finally {
      const next = this.waiting.shift();
      if (next) { next(); } else { this.free++; }
    }
  }
}
