import { findNodeAtLocation, parseTree, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { InvalidPlanError, type Fault, type Position } from '../errors';
import type { Plan } from './model';
import { planFaults, type Locate } from './validate';

/** Reads a plan from its text. Throws one error that lists every fault with its line. */
export function parsePlan(text: string, file: string): Plan {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: true });
  if (errors.length > 0 || !tree) {
    throw new InvalidPlanError(file, [syntaxFault(text, file, errors[0])]);
  }
  const locate: Locate = (pointer) => {
    const segments = pointer.split('/').slice(1).map((s) => s.replace(/~1/g, '/').replace(/~0/g, '~'));
    for (let depth = segments.length; depth >= 0; depth--) {
      const steps = segments.slice(0, depth).map((s) => (/^\d+$/.test(s) ? Number(s) : s));
      const node = findNodeAtLocation(tree, steps);
      if (node) { return { position: positionAt(text, file, node.offset) }; }
    }
    return { position: { file } };
  };
  const document: unknown = JSON.parse(text);
  const faults = planFaults(document, locate);
  if (faults.length > 0) { throw new InvalidPlanError(file, faults); }
  return document as Plan;
}

function syntaxFault(text: string, file: string, error: ParseError | undefined): Fault {
  const offset = error?.offset ?? 0;
  const truncated = text.trim() === '' || offset >= text.trimEnd().length;
  return {
    code: truncated ? 'truncated-json' : 'invalid-json',
    message: truncated ? 'The JSON ends too early' : `Not JSON: ${error ? printParseErrorCode(error.error) : 'unreadable'}`,
    hint: 'Synthesise the plan again.',
    position: positionAt(text, file, Math.min(offset, text.length)),
  };
}

function positionAt(text: string, file: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { file, line: before.length, column: before[before.length - 1].length + 1 };
}
