import type { CheckResult } from './check-result';
import type { Readings } from './checks/probe';
import { attributesOf, type Check, type CheckType, type Expectation } from '../plan/checks';
import { MatchError, show } from './matching/actual';
import { describeExpectation } from './matching/describe';
import { match } from './matching/match';
import { unmetPatterns } from './matching/patterns';

/** Without it a check of this type says nothing; Goss evaluates it even where it was left out. */
const REQUIRED: { readonly [type in CheckType]?: string } = {
  command: 'exit-status', file: 'exists', package: 'installed', user: 'exists', group: 'exists', port: 'listening', process: 'running',
};

/** Types whose required attribute is no gate: their other attributes are looked at in any case. */
const WITHOUT_GATE: readonly CheckType[] = ['command', 'service'];

/** Not statements about the machine. */
const SETTINGS: readonly string[] = ['timeout'];

/** Goss's older way to write these numbers. */
const NUMERIC: readonly string[] = ['exit-status', 'uid', 'gid'];

type Verdict = Pick<CheckResult, 'outcome' | 'actual' | 'message'>;

/** One result for each attribute that was asked for, in Goss's order. */
export function judge(check: Check, readings: Readings): CheckResult[] {
  const asked = attributesOf(check.type).filter((attribute) => !SETTINGS.includes(attribute) && isAsked(check, attribute));
  const results: CheckResult[] = [];
  for (const attribute of asked) {
    const expected = check.attributes[attribute] ?? null;
    const [gate] = results;
    const closed = gate && !WITHOUT_GATE.includes(check.type) && (gate.outcome !== 'passed' || gate.actual === false);
    const verdict: Verdict = closed ? { outcome: 'skipped', message: `skipped, as ${gate.attribute} decided` } : judgeAttribute(check, attribute, readings);
    results.push({ check, attribute, expected, ...verdict });
  }
  return results;
}

/** An empty list of patterns asserts nothing; `""` asserts that there is no text. */
function isAsked({ type, attributes }: Check, attribute: string): boolean {
  const expected = attributes[attribute];
  if (REQUIRED[type] === attribute) { return true; }
  const empty = Array.isArray(expected) && expected.length === 0;
  return expected !== undefined && expected !== null && !(empty && ['stdout', 'stderr', 'contents'].includes(attribute));
}

function judgeAttribute(check: Check, attribute: string, readings: Readings): Verdict {
  const given = check.attributes[attribute] ?? null;
  const expected = NUMERIC.includes(attribute) && typeof given === 'string' && /^-?\d+$/.test(given) ? Number(given) : given;
  const reading = readings[attribute] ?? { error: `${attribute} could not be read` };
  if ('error' in reading) { return { outcome: 'failed', message: reading.error }; }
  const actual = 'text' in reading ? reading.text : reading.value;
  try {
    const { ok, detail } = 'text' in reading && Array.isArray(expected) ? matchPatterns(expected, reading.text) : match(expected, actual);
    if (ok) { return { outcome: 'passed', actual, message: 'as expected' }; }
    return {
      outcome: 'failed',
      actual,
      message: `expected ${describe(expected, 'text' in reading)}, found ${show(actual)}${detail ? ` (${detail})` : ''}`,
    };
  } catch (error) {
    if (error instanceof MatchError) { return { outcome: 'failed', actual, message: error.message }; }
    throw error;
  }
}

function matchPatterns(patterns: Expectation, text: string): { readonly ok: boolean; readonly detail: string } {
  const unmet = unmetPatterns(patterns, text);
  return { ok: unmet.length === 0, detail: `not met: ${unmet.map(show).join(', ')}` };
}

function describe(expected: Expectation, isText: boolean): string {
  return isText && Array.isArray(expected) ? `lines with ${show(expected)}` : describeExpectation(expected);
}
