import { InvalidPlanError, type Fault } from '../errors';
import { withAncestors } from './json-pointer';
import { positionAt, syntaxFault } from './json-syntax';
import { walkJson } from './json-text';
import type { Plan } from './model';
import type { PlanFault } from './plan-fault';
import { planFaults } from './validate';

/** Reads a plan from its text. Throws one InvalidPlanError that lists every fault with its line, and nothing else. */
export function parsePlan(text: string, file: string): Plan {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    const fault = syntaxFault(text, file);
    throw new InvalidPlanError(file, [{ ...fault, hint: [fault.hint, 'Synthesise the plan again.'].filter(Boolean).join(' ') }]);
  }
  const faults = [...duplicateFaults(text), ...planFaults(document)];
  if (faults.length > 0) { throw new InvalidPlanError(file, positioned(faults, text, file)); }
  return document as Plan;
}

function duplicateFaults(text: string): PlanFault[] {
  const faults: PlanFault[] = [];
  walkJson(text, {
    onDuplicate: (_, pointer) => faults.push({
      code: 'duplicate-field',
      message: `${pointer()} is there twice`,
      hint: 'Synthesise the plan again.',
      pointer: pointer(),
    }),
  });
  return faults;
}

/** Looks up all positions in one pass. A value that is not there is looked for in what should hold it. */
function positioned(faults: readonly PlanFault[], text: string, file: string): Fault[] {
  const wanted = new Set(faults.flatMap(({ pointer }) => withAncestors(pointer)));
  const deepest = Math.max(...[...wanted].map((pointer) => pointer.split('/').length - 1));
  const offsets = new Map<string, number>();
  walkJson(text, {
    onValue: (offset, depth, pointer) => {
      if (depth > deepest) { return; }
      const at = pointer();
      if (wanted.has(at)) { offsets.set(at, offset); }
    },
  });
  return faults.map(({ pointer, ...fault }) => {
    const nearest = withAncestors(pointer).find((at) => offsets.has(at));
    return { ...fault, position: positionAt(text, file, nearest === undefined ? 0 : offsets.get(nearest)!) };
  });
}
