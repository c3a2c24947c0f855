import { show } from './actual';
import type { Expectation } from '../../plan/checks';

/** An expectation as the end of a sentence: `to equal "0644"`, `not to contain "x"`. */
export function describeExpectation(expected: Expectation): string {
  if (Array.isArray(expected)) { return `to contain each of ${show(expected)}`; }
  if (expected === null || typeof expected !== 'object') { return `to equal ${show(expected)}`; }
  const [[name, argument] = ['', null]] = Object.entries(expected) as [string, Expectation][];
  switch (name) {
    case 'not': return `not ${describeExpectation(argument)}`;
    case 'and': return listed(argument, ' and ');
    case 'or': return listed(argument, ' or ');
    default: return `to ${PHRASES[name] ?? name.replace(/-/g, ' ')} ${show(argument)}`;
  }
}

const PHRASES: { readonly [matcher: string]: string } = {
  'match-regexp': 'match',
  'contain-substring': 'contain',
  'gt': 'be greater than',
  'ge': 'be at least',
  'lt': 'be less than',
  'le': 'be at most',
  'have-len': 'have the length',
  'semver-constraint': 'be in the range',
};

function listed(argument: Expectation, conjunction: string): string {
  return Array.isArray(argument) ? `(${argument.map(describeExpectation).join(conjunction)})` : show(argument);
}
