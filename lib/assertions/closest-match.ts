import { Match, Matcher, type MatchResult } from 'aws-cdk-lib/assertions';

/** Something that a pattern is held against, with the name it has in messages. */
export interface Candidate {
  readonly label: string;
  readonly value: unknown;
}

/** How a pattern fared against all candidates, in their order. */
export interface Comparison {
  readonly matching: readonly Candidate[];
  /** The candidates that failed, the one with the fewest differences first. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly label: string;
  readonly result: MatchResult;
}

/** As many as `Template` shows. */
const CLOSEST = 3;

/** A pattern as `Template` takes it: a matcher is used as it is, anything else describes a part of the value. */
export function matcherOf(pattern: unknown): Matcher {
  if (Matcher.isMatcher(pattern)) { return pattern; }
  const isObject = typeof pattern === 'object' && pattern !== null && !Array.isArray(pattern);
  return isObject ? Match.objectLike(pattern) : Match.exact(pattern);
}

/** Holds a pattern against every candidate. Captures of the pattern take the values of all that match. */
export function compare(candidates: readonly Candidate[], pattern: unknown): Comparison {
  const matcher = matcherOf(pattern);
  const results = candidates.map((candidate) => ({ candidate, result: matcher.test(candidate.value).finished() }));
  return {
    matching: results.filter(({ result }) => !result.hasFailed()).map(({ candidate }) => candidate),
    failures: results
      .filter(({ result }) => result.hasFailed())
      .map(({ candidate, result }) => ({ label: candidate.label, result }))
      .sort((a, b) => a.result.failCost - b.result.failCost), // stable: equals keep their order
  };
}

/** The closest candidates, each with its differing lines marked; empty where there is none. */
export function renderClosest(failures: readonly Failure[]): string {
  const closest = failures.slice(0, CLOSEST);
  if (closest.length === 0) { return ''; }
  const heading = closest.length === 1 ? 'The closest match:' : `The ${closest.length} closest matches:`;
  return `\n${[heading, ...closest.map(({ label, result }) => `${label} :: ${result.renderMismatch()}`)].join('\n')}`;
}

/** A number with its noun: `1 check`, `2 checks`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
