import { escapePointer } from './json-pointer';
import type { Plan } from './model';
import type { PlanFault } from './plan-fault';

/** Texts of a plan that no system call, shell or folder could take. */
export function textFaults(plan: Plan): PlanFault[] {
  return [...imageFaults(plan), ...nulFaults(plan, '', plan.image)];
}

/** The path of an image names the folder of its artifacts, which has to stay below the output folder. */
function imageFaults({ image }: Plan): PlanFault[] {
  // eslint-disable-next-line no-control-regex
  if (!/^\.{0,2}$|[\x00-\x1f\x7f]/.test(image)) { return []; }
  return [{ code: 'invalid-image', message: `/image names no folder: ${JSON.stringify(image)}`, hint: 'Give the construct another ID.', pointer: '/image' }];
}

/** Scripts and contents travel as files, and may hold any byte; all else ends up in paths and arguments. */
function nulFaults(value: unknown, pointer: string, path: string): PlanFault[] {
  if (typeof value === 'string') {
    if (!value.includes('\0') || pointer.endsWith('/text')) { return []; }
    return [{ code: 'invalid-text', message: `${pointer} has a NUL byte in it`, hint: 'No path or argument can have one.', path, pointer }];
  }
  if (typeof value !== 'object' || value === null) { return []; }
  return Object.entries(value).flatMap(([name, member]) => {
    const at = `${pointer}/${escapePointer(name)}`;
    return name.includes('\0') ? nulFaults(name, at, path) : nulFaults(member, at, path);
  });
}
