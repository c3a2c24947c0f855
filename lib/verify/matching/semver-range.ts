import compare from 'semver/functions/compare';
import { MatchError, show, type Actual } from './actual';

/** Three numbers without leading zeros, nothing before them: the versions of distributions seldom are such. */
const STRICT = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

type Test = (version: string) => boolean;

/**
 * Whether a version, or each version of a list, is in a range of the dialect of Goss (blang/semver 4):
 * `>1.0.0 <2.0.0 !=1.5.0 || >=3.0.0`, `1.2.x`; neither `^` nor `~`.
 */
export function satisfies(range: string, actual: Actual): boolean {
  const alternatives = range.split('||').map((part) => parseAlternative(part, range));
  const versions = typeof actual === 'string' ? [actual] : actual;
  if (!Array.isArray(versions) || versions.length === 0 || !versions.every((v) => typeof v === 'string' && STRICT.test(v))) {
    throw new MatchError(`semver-constraint needs strict versions such as 1.2.3, found ${show(actual)}`);
  }
  return versions.every((version: string) => alternatives.some((tests) => tests.every((test) => test(version))));
}

function parseAlternative(part: string, range: string): Test[] {
  const terms = part.replace(/([<>=!])\s+/g, '$1').split(/\s+/).filter((term) => term !== '');
  if (terms.length === 0) { throw invalid(range); }
  return terms.flatMap((term) => {
    const [, operator, version] = /^(==|=|>=|>|<=|<|!=|!|)(\d.*)$/.exec(term) ?? [];
    if (version === undefined) { throw invalid(range); }
    return wildcard(operator, version, range) ?? [comparison(operator, version, range)];
  });
}

/** `1.2.x` and `1.x`: from the first version of the series to the first of the next. */
function wildcard(operator: string, version: string, range: string): Test[] | undefined {
  const [, major, minor] = /^(\d+)(?:\.(\d+))?(?:\.x)+$/.exec(version) ?? [];
  if (major === undefined) { return undefined; }
  const first = `${major}.${minor ?? 0}.0`;
  const next = minor === undefined ? `${Number(major) + 1}.0.0` : `${major}.${Number(minor) + 1}.0`;
  switch (operator) {
    case '>': return [comparison('>=', next, range)];
    case '>=': return [comparison('>=', first, range)];
    case '<': return [comparison('<', first, range)];
    case '<=': return [comparison('<', next, range)];
    // Goss joins both sides of `!=` with "and", so nothing satisfies it; what was meant is "outside the series".
    case '!': case '!=': return [(v) => compare(v, first) < 0 || compare(v, next) >= 0];
    default: return [comparison('>=', first, range), comparison('<', next, range)];
  }
}

function comparison(operator: string, version: string, range: string): Test {
  if (!STRICT.test(version)) { throw invalid(range); }
  switch (operator) {
    case '>': return (v) => compare(v, version) > 0;
    case '>=': return (v) => compare(v, version) >= 0;
    case '<': return (v) => compare(v, version) < 0;
    case '<=': return (v) => compare(v, version) <= 0;
    case '!': case '!=': return (v) => compare(v, version) !== 0;
    default: return (v) => compare(v, version) === 0;
  }
}

function invalid(range: string): MatchError {
  return new MatchError(`${show(range)} is not a range of versions such as ">=1.0.0 <2.0.0"`);
}
