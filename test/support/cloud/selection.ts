import { ApiError } from './protocol/api-error';
import type { Parameters } from './protocol/query';
import type { Resource, Tags } from './records';

/** What a filter is compared with: all texts that a resource has under its name. */
export type FilterValues<R> = { readonly [name: string]: (resource: R) => readonly (string | number | boolean | undefined)[] };

/** A filter's value: `*` and `?` are wildcards, `\` takes their meaning from them. */
export function wildcard(pattern: string): (text: string) => boolean {
  if (!/[*?\\]/.test(pattern)) { return (text) => text === pattern; }
  const source = pattern.replace(/\\([*?\\])|[.+^${}()|[\]\\/]|\*|\?/g, (found, escaped?: string) => {
    if (escaped) { return `\\${escaped}`; }
    if (found === '*') { return '[\\s\\S]*'; }
    return found === '?' ? '[\\s\\S]' : `\\${found}`;
  });
  const expression = new RegExp(`^${source}$`);
  return (text) => expression.test(text);
}

/** Whether a resource passes all filters of a call. Names that this call does not know are an error. */
export function filters<R extends { readonly tags: Tags }>(input: Parameters, known: FilterValues<R>): (resource: R) => boolean {
  const tests = input.groups('Filter').map((group) => {
    const name = group.text('Name') ?? '';
    const patterns = group.texts('Value').map(wildcard);
    if (patterns.length > 200) { throw new ApiError('FilterLimitExceeded', 'The maximum number of filter values specified on a single call is 200.'); }
    const values = valuesOf(name, known);
    return (resource: R) => values(resource).some((value) => value !== undefined && patterns.some((matches) => matches(String(value))));
  });
  return (resource) => tests.every((test) => test(resource));
}

function valuesOf<R extends { readonly tags: Tags }>(name: string, known: FilterValues<R>): (resource: R) => readonly unknown[] {
  if (name.startsWith('tag:')) {
    const key = name.slice('tag:'.length);
    return ({ tags }) => [tags.get(key)];
  }
  if (name === 'tag-key') { return ({ tags }) => [...tags.keys()]; }
  const values = Object.hasOwn(known, name) ? known[name] : undefined;
  if (!values) { throw new ApiError('InvalidParameterValue', `The filter '${name}' is invalid`); }
  return values;
}

/** One page of a list, by `MaxResults` and `NextToken`. The token is where the next page begins. */
export function page<R extends Resource>(
  all: readonly R[], input: Parameters, limits: { readonly min: number; readonly max: number }, idParameter?: string,
): { readonly items: readonly R[]; readonly nextToken?: string } {
  const size = input.number('MaxResults');
  if (size === undefined) { return { items: all.slice(startOf(input)) }; }
  if (!(size >= limits.min)) {
    throw new ApiError('InvalidParameterValue', `Value ( ${input.text('MaxResults')} ) for parameter maxResults is invalid. Expecting a value greater than ${limits.min}.`);
  }
  if (idParameter && input.has(idParameter)) {
    throw new ApiError('InvalidParameterCombination', `The parameter ${idParameter} cannot be used with the parameter maxResults`);
  }
  const start = startOf(input);
  const end = start + Math.min(size, limits.max);
  return { items: all.slice(start, end), nextToken: end < all.length ? Buffer.from(`from:${end}`).toString('base64') : undefined };
}

function startOf(input: Parameters): number {
  const token = input.text('NextToken');
  if (!token) { return 0; }
  const start = /^from:(\d+)$/.exec(Buffer.from(token, 'base64').toString())?.[1];
  if (!start) { throw new ApiError('InvalidNextToken', 'The token \'' + token + '\' is invalid'); }
  return Number(start);
}
