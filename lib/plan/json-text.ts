import { escapePointer } from './json-pointer';

/** What makes a text no JSON. Offsets count UTF-16 units from 0. */
export interface JsonFault {
  readonly offset: number;
  readonly message: string;
  /** The text is the beginning of a JSON document, and stops. */
  readonly truncated: boolean;
}

/** Called for what a text holds, in its order. `pointer` works out the JSON pointer of the value or member, which takes a while. */
export interface JsonVisitor {
  readonly onValue?: (offset: number, depth: number, pointer: () => string) => void;
  /** A member whose name the object has already; `JSON.parse` would drop the earlier one without a word. */
  readonly onDuplicate?: (offset: number, pointer: () => string) => void;
}

/** An object or array that is still open, and where in it we are. */
interface Container {
  readonly names?: Set<string>;
  segment: string | number;
}

/** What may come next, and how a message says it. */
const EXPECTED = {
  'value': 'a value',
  'value or ]': 'a value or ]',
  'name': 'a name in quotes',
  'name or }': 'a name in quotes or }',
  ':': 'a colon',
  'separator': 'a comma or the end of the list',
  'end': 'the end',
} as const;

type Expected = keyof typeof EXPECTED;

/**
 * Walks a JSON text from its beginning to its end or first fault. Neither the depth nor the size of the document can
 * exhaust the stack, and nothing is kept of what was walked.
 */
export function walkJson(text: string, visitor: JsonVisitor = {}): JsonFault | undefined {
  const open: Container[] = [];
  const pointer = () => open.map(({ segment }) => `/${escapePointer(String(segment))}`).join('');
  let expected: Expected = 'value';
  let offset = skipSpace(text, 0);
  for (; offset < text.length; offset = skipSpace(text, offset)) {
    const character = text[offset];
    const inside = open[open.length - 1];
    if (inside && closes(character, inside, expected)) {
      open.pop();
      offset++;
      expected = open.length > 0 ? 'separator' : 'end';
    } else if (expected === 'separator' && character === ',') {
      if (typeof inside.segment === 'number') { inside.segment++; }
      expected = inside.names ? 'name' : 'value';
      offset++;
    } else if (expected === ':' && character === ':') {
      expected = 'value';
      offset++;
    } else if ((expected === 'name' || expected === 'name or }') && character === '"') {
      const token = readString(text, offset);
      if (typeof token !== 'number') { return token; }
      const name = JSON.parse(text.slice(offset, token)) as string;
      inside.segment = name;
      if (inside.names!.has(name)) { visitor.onDuplicate?.(offset, pointer); }
      inside.names!.add(name);
      expected = ':';
      offset = token;
    } else if (expected !== 'value' && expected !== 'value or ]') {
      return unexpected(text, offset, expected);
    } else if (character === '{' || character === '[') {
      visitor.onValue?.(offset, open.length, pointer);
      open.push(character === '{' ? { names: new Set(), segment: '' } : { segment: 0 });
      expected = character === '{' ? 'name or }' : 'value or ]';
      offset++;
    } else {
      const token = character === '"' ? readString(text, offset) : readLiteral(text, offset, expected);
      if (typeof token !== 'number') { return token; }
      visitor.onValue?.(offset, open.length, pointer);
      expected = open.length > 0 ? 'separator' : 'end';
      offset = token;
    }
  }
  return expected === 'end' ? undefined : tooShort(text);
}

function closes(character: string, inside: Container, expected: Expected): boolean {
  if (character !== (inside.names ? '}' : ']')) { return false; }
  return expected === 'separator' || expected === (inside.names ? 'name or }' : 'value or ]');
}

function skipSpace(text: string, offset: number): number {
  let end = offset;
  while (text[end] === ' ' || text[end] === '\n' || text[end] === '\r' || text[end] === '\t') { end++; }
  return end;
}

/** The offset after a string, or what is wrong with it. */
function readString(text: string, start: number): number | JsonFault {
  for (let offset = start + 1; offset < text.length; offset++) {
    const character = text[offset];
    if (character === '"') { return offset + 1; }
    if (character < ' ') { return { offset, message: 'A string has a line break or another control character in it', truncated: false }; }
    if (character === '\\') {
      const escape = text.slice(offset + 1, offset + 6);
      if (!/^(["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(escape)) {
        // What is cut off may still have become an escape.
        const cut = offset + 1 + escape.length === text.length && /^(u[0-9a-fA-F]{0,3})?$/.test(escape);
        return cut ? tooShort(text) : { offset, message: 'A string has an escape that JSON does not know', truncated: false };
      }
      offset++;
    }
  }
  return tooShort(text);
}

/** The offset after a number, `true`, `false` or `null`, or what is wrong with it. */
function readLiteral(text: string, start: number, expected: Expected): number | JsonFault {
  let end = start;
  while (end < text.length && /[A-Za-z0-9+.-]/.test(text[end])) { end++; }
  const literal = text.slice(start, end);
  if (/^(true|false|null)$/.test(literal) || isNumber(literal)) { return end; }
  const begins = ['true', 'false', 'null'].some((word) => word.startsWith(literal)) || isNumber(`${literal}0`);
  return end === text.length && begins ? tooShort(text) : unexpected(text, start, expected);
}

function isNumber(literal: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(literal);
}

function tooShort(text: string): JsonFault {
  return { offset: text.length, message: 'The JSON ends too early', truncated: true };
}

function unexpected(text: string, offset: number, expected: Expected): JsonFault {
  const found = JSON.stringify(String.fromCodePoint(text.codePointAt(offset)!));
  return { offset, message: `Not JSON: ${found} where ${EXPECTED[expected]} should be`, truncated: false };
}
