import { compare, counted, matcherOf, renderClosest, type Candidate } from './closest-match';
import type { Instruction, InstructionType } from '../plan/instructions';
import type { Plan } from '../plan/model';

/** A mapped type, so that a new instruction does not compile until it is named here. */
const TYPES: { readonly [type in InstructionType]: true } = { run: true, put: true, get: true, reboot: true, check: true, local: true, pause: true };

/** The instructions of a type that match, in the order they run. */
export function findInstructions(plan: Plan, type: string, pattern: unknown): readonly unknown[] {
  return compare(candidates(plan, type), pattern).matching.map(({ value }) => value);
}

/** What is wrong, where no instruction of the type matches. */
export function instructionFault(plan: Plan, type: string, pattern: unknown): string | undefined {
  const ofType = candidates(plan, type);
  const { matching, failures } = compare(ofType, pattern);
  if (matching.length > 0) { return undefined; }
  const present = `has ${counted(ofType.length, 'instruction')} of type ${type}`;
  return ofType.length === 0 ? `${present}${typeHint(plan, type)}` : `${present}, but none matches${renderClosest(failures)}`;
}

/** What is wrong, where the number of instructions of a type differs. */
export function instructionCountFault(plan: Plan, type: string, count: number): string | undefined {
  const ofType = candidates(plan, type);
  if (ofType.length === count) { return undefined; }
  const list = ofType.map(({ label }) => `\n  ${label}`).join('');
  return `has ${counted(ofType.length, 'instruction')} of type ${type}, not ${count}${ofType.length === 0 ? typeHint(plan, type) : list}`;
}

/**
 * What is wrong, where the patterns do not match instructions that follow one another, others allowed in between.
 * Taking the first instruction that matches is enough: if any choice of instructions works, that one does.
 */
export function orderFault(plan: Plan, patterns: readonly unknown[]): string | undefined {
  const all = plan.definition.instructions.map(candidate);
  let next = 0;
  for (const [index, pattern] of patterns.entries()) {
    const matcher = matcherOf(pattern);
    const results = all.map(({ label, value }) => ({ label, result: matcher.test(value) }));
    const found = results.findIndex(({ result }, i) => i >= next && !result.hasFailed());
    if (found >= 0) {
      results[found].result.finished();
      next = found + 1;
      continue;
    }
    const what = `has no instruction for pattern ${index + 1} of ${patterns.length}${next === 0 ? '' : ` after ${all[next - 1].label}`}`;
    const early = results.slice(0, next).filter(({ result }) => !result.hasFailed());
    if (early.length > 0) { return `${what}; ${early.map(({ label }) => label).join(', ')} would match, but comes too early`; }
    const failures = results.slice(next).sort((a, b) => a.result.failCost - b.result.failCost);
    return `${what}${renderClosest(failures)}`;
  }
  return undefined;
}

function candidates(plan: Plan, type: string): readonly Candidate[] {
  return plan.definition.instructions.map(candidate).filter(({ value }) => (value as Instruction).type === type);
}

function candidate(instruction: Instruction, index: number): Candidate {
  return { label: `#${index} ${instruction.type} (${instruction.origin})`, value: instruction };
}

function typeHint(plan: Plan, type: string): string {
  if (!Object.hasOwn(TYPES, type)) { return `: there is no such type, there are ${Object.keys(TYPES).join(', ')}`; }
  const present = [...new Set(plan.definition.instructions.map((instruction) => instruction.type))];
  return present.length === 0 ? '; it has no instructions' : `, only of ${present.join(', ')}`;
}
