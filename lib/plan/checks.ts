/** A statement about the finished machine, in the vocabulary of Goss (https://goss.rocks), as data. */
export interface Check {
  readonly type: CheckType;
  /** What it is about: a path, the name of a package, `tcp:80`, a command. */
  readonly resource: string;
  /** Attributes as Goss names them. */
  readonly attributes: { readonly [attribute: string]: Expectation };
  /** Path, below the image, of the construct it came from. Not part of any hash. */
  readonly origin: string;
}

export type CheckType = keyof typeof CHECK_ATTRIBUTES;

/** A plain value, a list of them, or `{ matcher: argument }`. */
export type Expectation = boolean | string | number | null | readonly Expectation[] | { readonly [matcher: string]: Expectation };

/**
 * Attributes of each type of check, in Goss's order of evaluation. The first of a type that has a gate is that gate:
 * if it does not hold, or the actual value is `false`, the others are skipped.
 */
export const CHECK_ATTRIBUTES = {
  command: ['exit-status', 'stdout', 'stderr', 'timeout'],
  file: ['exists', 'mode', 'owner', 'uid', 'group', 'gid', 'linked-to', 'filetype', 'contents', 'size', 'md5', 'sha256', 'sha512'],
  package: ['installed', 'versions'],
  service: ['enabled', 'running', 'runlevels'],
  user: ['exists', 'uid', 'gid', 'groups', 'home', 'shell'],
  group: ['exists', 'gid'],
  port: ['listening', 'ip'],
  process: ['running'],
} as const;

/** Matchers of Goss, as keys of an expectation. */
export const MATCHERS = [
  'equal', 'have-prefix', 'have-suffix', 'match-regexp', 'contain-substring', 'gt', 'ge', 'lt', 'le', 'have-len', 'have-key',
  'have-patterns', 'contain-element', 'contain-elements', 'consist-of', 'not', 'and', 'or', 'semver-constraint', 'gjson',
] as const;

export type Matcher = (typeof MATCHERS)[number];

/** The attributes that this type of check knows. */
export function attributesOf(type: CheckType): readonly string[] {
  return CHECK_ATTRIBUTES[type];
}

/** `file /etc/motd`: how a check is named in messages. */
export function describeCheck(check: Pick<Check, 'type' | 'resource'>): string {
  return `${check.type} ${check.resource}`;
}
