import { InvalidPlanError, type Fault, type Position } from '../errors';
import { withAncestors } from './json-pointer';
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
    throw new InvalidPlanError(file, [syntaxFault(text, file)]);
  }
  const faults = [...duplicateFaults(text), ...planFaults(document)];
  if (faults.length > 0) { throw new InvalidPlanError(file, positioned(faults, text, file)); }
  return document as Plan;
}

function syntaxFault(text: string, file: string): Fault {
  const fault = walkJson(text) ?? { offset: 0, message: 'Not JSON', truncated: false };
  return {
    code: fault.truncated ? 'truncated-json' : 'invalid-json',
    message: fault.message,
    hint: fault.truncated ? 'It was not written or copied whole. Synthesise the plan again.' : 'Synthesise the plan again.',
    position: positionAt(text, file, fault.offset),
  };
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

function positionAt(text: string, file: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (let next = text.indexOf('\n'); next >= 0 && next < offset; next = text.indexOf('\n', start)) {
    line++;
    start = next + 1;
  }
  return { file, line, column: offset - start + 1 };
}
