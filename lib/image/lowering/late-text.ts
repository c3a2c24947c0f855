import { posix } from 'path';
import { Token, Tokenization } from 'aws-cdk-lib';
import type { Author } from './author';
import { HOLE, shellPlaces, type ShellPlace } from './shell-places';

const SHELLS = ['sh', 'ash', 'bash', 'dash', 'ksh', 'mksh'];
const HINT = 'Give it to the script in its environment: environment: { NAME: token }, and write "$NAME" where the shell reads it.';

/** A text with tokens that other stacks resolve. */
export interface LateText {
  /** What is between them. */
  readonly literals: readonly string[];
  /** The variable of each. */
  readonly variables: readonly string[];
  /** Variable to name of a parameter of the definition. */
  readonly parameters: { readonly [variable: string]: string };
}

/** A script in which variables stand for tokens. */
export interface LateScript {
  readonly text: string;
  readonly parameters: { readonly [variable: string]: string };
}

/** A text with a NUL is refused for that. */
export function holdsTokens(text: string): boolean {
  return Token.isUnresolved(text) && !text.includes(HOLE);
}

/** Makes a variable of each token in a text. Undefined: one of them nobody can read, and a fault says why. */
export function lateText(text: string, field: string, author: Author): LateText | undefined {
  const { tokens, literals } = takeApart(text);
  const names = new Map([...new Set(tokens)].map((token) => [token, author.lateText(token, field, true)]));
  const distinct = [...new Set(names.values())].filter((name) => name !== undefined);
  if ([...names.values()].includes(undefined)) { return undefined; }
  const variableOf = (name: string) => `GOLDEN_VALUE_${distinct.indexOf(name) + 1}`;
  return {
    literals,
    variables: tokens.map((token) => variableOf(names.get(token)!)),
    parameters: Object.fromEntries(distinct.map((name) => [variableOf(name), name])),
  };
}

/** A script for the shell in which each token is the variable that holds it. Undefined: there are faults. */
export function lateScript(text: string, interpreter: readonly string[], author: Author): LateScript | undefined {
  if (!isShell(interpreter)) {
    author.fault('token', `inline holds a CDK token, and ${interpreter[0]} expands no variable of a shell`, 'Give it to the script in its environment: environment: { NAME: token }.');
    return undefined;
  }
  const late = lateText(text, 'inline', author);
  if (!late) { return undefined; }
  const places = shellPlaces(late.literals.join(HOLE));
  const refused = new Set(places.map((place) => (typeof place === 'object' ? place.refused : undefined)).filter((why) => why !== undefined));
  refused.forEach((why) => author.fault('token', `inline holds a CDK token ${why}, where the shell does not put in the value`, HINT));
  if (refused.size > 0) { return undefined; }
  const [first, ...others] = late.literals;
  return { text: first + others.map((literal, index) => `${reference(late.variables[index], places[index])}${literal}`).join(''), parameters: late.parameters };
}

/** Where nothing else does it, quotes keep the shell from reading the value. */
function reference(variable: string, place: ShellPlace): string {
  return place === 'bare' ? `"\${${variable}}"` : `\${${variable}}`;
}

/** Tokens as CDK writes them into texts, each the same wherever it stands. */
function takeApart(text: string): { tokens: string[]; literals: string[] } {
  const tokens: string[] = [];
  const fragments = Tokenization.reverseString(text).mapTokens({
    mapToken: (token) => {
      tokens.push(Token.asString(token));
      return HOLE;
    },
  });
  const joined: unknown = fragments.join({ join: (left: unknown, right: unknown) => `${String(left)}${String(right)}` });
  return { tokens, literals: String(joined).split(HOLE) };
}

/** As far as the command says; `env` runs what comes behind it. */
function isShell(interpreter: readonly string[]): boolean {
  const words = interpreter.join(' ').trim().split(/\s+/);
  const [command, ...others] = words.map((word) => posix.basename(word));
  const program = command === 'env' ? others.find((word) => !word.startsWith('-') && !word.includes('=')) : command;
  return SHELLS.includes(program ?? '');
}
