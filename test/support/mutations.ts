/** Numbers that are the same for the same seed (mulberry32). */
export class Dice {
  constructor(private state: number) {}

  /** A whole number from 0 on, below a limit. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }
}

/** Damages the text of a file that holds JSON, as one document or one on each line. */
type Mutation = (text: string, dice: Dice) => string | Buffer;

const VALUES: readonly unknown[] = [
  null, true, -1, 1e308, '', '..', '../../escaped', '/etc/passwd', 'a\0b', '\x1b]0;owned\x07', 'x'.repeat(10_000), [], [null], {}, { __proto__: null, type: 'put' },
];

/** What disks, editors, copies and attackers do to files. */
export const MUTATIONS: { readonly [name: string]: Mutation } = {
  'truncated': (text, dice) => text.slice(0, dice.below(text.length)),
  'beginning lost': (text, dice) => text.slice(1 + dice.below(text.length - 1)),
  'bits flipped': (text, dice) => {
    const bytes = Buffer.from(text);
    for (let n = 1 + dice.below(4); n > 0; n--) { bytes[dice.below(bytes.length)] ^= 1 << dice.below(8); }
    return bytes;
  },
  'a block of NULs': (text, dice) => {
    const at = dice.below(text.length);
    return text.slice(0, at) + '\0'.repeat(1 + dice.below(4096)) + text.slice(at + dice.below(64));
  },
  'random bytes': (_, dice) => Buffer.from(Array.from({ length: 1 + dice.below(300) }, () => dice.below(256))),
  'empty': () => '',
  'byte order mark': (text) => `\ufeff${text}`,
  'UTF-16': (text, dice) => Buffer.from((dice.below(2) ? '\ufeff' : '') + text, 'utf16le'),
  'carriage returns': (text) => text.replace(/\n/g, '\r'),
  'huge': (text, dice) => text.replace(/"([a-z]+)":/g, (all) => (dice.below(10) === 0 ? `${all}"${'x'.repeat(20_000)}","more":` : all)),
  'nested deeply': (text, dice) => aValue(text, dice, dice.of(['['.repeat(20_000), `${'['.repeat(20_000)}${']'.repeat(20_000)}`, '{"a":'.repeat(20_000)])),
  'member twice': (text, dice) => text.replace(/"([a-zA-Z]+)":/g, (all) => (dice.below(4) === 0 ? `${all}1,${all}` : all)),
  'other value': (text, dice) => aValue(text, dice, JSON.stringify(dice.of(VALUES))),
  'other values': (text, dice) => aValue(aValue(text, dice, JSON.stringify(dice.of(VALUES))), dice, JSON.stringify(dice.of(VALUES))),
  'member renamed': (text, dice) => aMember(text, dice, () => `"${dice.of(['__proto__', 'constructor', 'toString', 'x'])}":`),
  'lines shuffled': (text, dice) => text.split('\n').sort(() => dice.below(3) - 1).join('\n'),
};

/** Puts other JSON in the place of one plain value. */
function aValue(text: string, dice: Dice, json: string): string {
  return aMatch(text, dice, /(?<=: ?)("[^"\\]*"|[0-9.]+|true|false|\[\]|\{\})/g, () => json);
}

function aMember(text: string, dice: Dice, name: () => string): string {
  return aMatch(text, dice, /"[a-zA-Z]+":/g, name);
}

function aMatch(text: string, dice: Dice, pattern: RegExp, replacement: () => string): string {
  const matches = [...text.matchAll(pattern)];
  if (matches.length === 0) { return replacement(); }
  const match = dice.of(matches);
  return text.slice(0, match.index) + replacement() + text.slice(match.index + match[0].length);
}
