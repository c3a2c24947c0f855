import { instructionDigest, type History } from './history';
import type { Plan } from '../plan/model';

/** What is different from the last build of an image path, as lines for people; empty where nothing is. */
export function changesSince(last: History, now: History, plan: Plan): string[] {
  return [
    ...(last.source === now.source ? [] : ['the source resolves to another one']),
    ...(last.machine === now.machine ? [] : ['the machine is another one']),
    ...instructionChanges(last, plan),
    ...namedChanges('parameter', last.parameters, now.parameters),
    ...namedChanges('secret', last.secrets, now.secrets),
    ...(last.checks === now.checks ? [] : ['the checks are others']),
  ];
}

/** Names the first that differs and says how many follow: what comes after a change runs anyway. */
function instructionChanges(last: History, plan: Plan): string[] {
  const { instructions } = plan.definition;
  const first = firstChangedInstruction(last, plan);
  if (first === undefined) { return []; }
  const digests = instructions.map(instructionDigest);
  if (first === instructions.length) { return [`instructions were removed from number ${first + 1} on`]; }
  const where = `instruction ${first + 1} (${instructions[first].type}, ${instructions[first].origin})`;
  if (first === last.instructions.length) { return [`${where} was added`]; }
  const others = digests.filter((digest, i) => i > first && digest !== last.instructions[i]).length;
  return [`${where} is another one${others > 0 ? `, and ${others} after it` : ''}`];
}

/** Index of the first instruction that is not what it was. Undefined: all are. */
function firstChangedInstruction(last: History, plan: Plan): number | undefined {
  const digests = plan.definition.instructions.map(instructionDigest);
  const length = Math.max(digests.length, last.instructions.length);
  const first = Array.from({ length }).findIndex((_, i) => digests[i] !== last.instructions[i]);
  return first < 0 ? undefined : first;
}

function namedChanges(kind: string, last: { readonly [name: string]: string }, now: { readonly [name: string]: string }): string[] {
  const names = [...new Set([...Object.keys(last), ...Object.keys(now)])].sort();
  return names.filter((name) => last[name] !== now[name]).map((name) => {
    if (last[name] === undefined) { return `the ${kind} ${name} is new`; }
    return now[name] === undefined ? `the ${kind} ${name} is gone` : `the ${kind} ${name} has another value`;
  });
}
