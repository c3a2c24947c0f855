import { walkJson } from './json-text';
import { GoldenError, type Fault, type Position } from '../errors';

/** Where a text is no JSON, and why: for a text that `JSON.parse` refuses. */
export function syntaxFault(text: string, file: string): Fault {
  const fault = walkJson(text) ?? { offset: 0, message: 'Not JSON', truncated: false };
  const [code, hint] = fault.truncated ? ['truncated-json', 'It was not written or copied whole.'] : ['invalid-json', encodingHint(text)];
  return { code, message: fault.message, hint, position: positionAt(text, file, fault.offset) };
}

/** Where in a text an offset is. */
export function positionAt(text: string, file: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (let next = text.indexOf('\n'); next >= 0 && next < offset; next = text.indexOf('\n', start)) {
    line++;
    start = next + 1;
  }
  return { file, line, column: offset - start + 1 };
}

/**
 * The objects of a text that has one on each line. What follows the last newline was perhaps not written whole, and then does not
 * count. Errors: `damaged-file`, with the line and column.
 */
export function parseJsonLines(text: string, file: string): readonly { readonly [key: string]: unknown }[] {
  const lines = text.split('\n');
  const torn = lines.pop()!;
  if (torn !== '' && isObject(parsed(torn))) { lines.push(torn); }
  return lines.map((line, index) => {
    const value = parsed(line);
    if (isObject(value)) { return value; }
    const { message, position } = value === undefined ? syntaxFault(line, file) : { message: 'An object is needed', position: { file, column: 1 } };
    throw damagedFile(message, { ...position!, line: index + 1 });
  });
}

/** A file of ours is not what we wrote. */
export function damagedFile(message: string, position: Position, hint?: string): GoldenError {
  return new GoldenError('damaged-file', `The file is damaged: ${message}`, { position, hint });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What editors and shells of other systems do to a text. */
function encodingHint(text: string): string | undefined {
  return /^[\ufeff\ufffd\0]|^.\0/.test(text) ? 'Save it as UTF-8, without a byte order mark.' : undefined;
}
