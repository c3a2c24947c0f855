import type { Expectation } from '../../plan/checks';

/**
 * What an attribute of a check has to be, where a plain value does not say it. One for each matcher of Goss.
 *
 * @example
 *
 * Check.file('/etc/nginx/nginx.conf', { mode: Expect.anyOf('0644', '0640'), size: Expect.greaterThan(0) });
 * Check.command('nginx -v', { stderr: Expect.matching('nginx/1\\.[0-9]+') });
 * Check.package('openssl', { versions: Expect.ofLength(1) });
 */
export class Expect {
  /** Exactly this value. */
  public static equal(value: string | number | boolean): Expect {
    return new Expect({ equal: value });
  }

  /** A text that matches this regular expression somewhere (Go's RE2 syntax). */
  public static matching(regularExpression: string): Expect {
    return new Expect({ 'match-regexp': regularExpression });
  }

  /** A text that contains this one. */
  public static containing(text: string): Expect {
    return new Expect({ 'contain-substring': text });
  }

  /** A text that starts with this one. */
  public static startingWith(text: string): Expect {
    return new Expect({ 'have-prefix': text });
  }

  /** A text that ends with this one. */
  public static endingWith(text: string): Expect {
    return new Expect({ 'have-suffix': text });
  }

  /**
   * Lines of a text, each of which fits one of these patterns: `text`, `!text` (in no line), `/expression/`, `!/expression/`.
   * What a list of plain texts means for the output of commands and the contents of files.
   */
  public static lines(...patterns: string[]): Expect {
    return new Expect({ 'have-patterns': patterns });
  }

  /** A number of this or more. */
  public static atLeast(minimum: number): Expect {
    return new Expect({ ge: minimum });
  }

  /** A number of this or less. */
  public static atMost(maximum: number): Expect {
    return new Expect({ le: maximum });
  }

  /** A number above this. */
  public static greaterThan(limit: number): Expect {
    return new Expect({ gt: limit });
  }

  /** A number below this. */
  public static lessThan(limit: number): Expect {
    return new Expect({ lt: limit });
  }

  /** A text or list of this length. */
  public static ofLength(length: number): Expect {
    return new Expect({ 'have-len': length });
  }

  /** A JSON object with a member of this name; in `Expect.json`, as no attribute is an object. */
  public static member(name: string | Expect): Expect {
    return new Expect({ 'have-key': Expect._lower(name) });
  }

  /** A list with an element like this. */
  public static element(element: string | number | Expect): Expect {
    return new Expect({ 'contain-element': Expect._lower(element) });
  }

  /** A list with all these elements, and maybe others. */
  public static elements(...elements: (string | number | Expect)[]): Expect {
    return new Expect({ 'contain-elements': elements.map(Expect._lower) });
  }

  /** A list with these elements and no others, in any order. */
  public static exactly(...elements: (string | number | Expect)[]): Expect {
    return new Expect({ 'consist-of': elements.map(Expect._lower) });
  }

  /** Versions that all satisfy a constraint of semantic versioning, such as `>=1.2.0 <2.0.0`. */
  public static version(constraint: string): Expect {
    return new Expect({ 'semver-constraint': constraint });
  }

  /**
   * A JSON text with these values.
   *
   * @param values expectation by path, such as `servers.0.name` (GJSON syntax)
   */
  public static json(values: { [path: string]: any }): Expect {
    return new Expect({ gjson: Object.fromEntries(Object.entries(values).map(([path, value]) => [path, Expect._lower(value)])) });
  }

  /** Anything but this. */
  public static not(expectation: string | number | boolean | Expect): Expect {
    return new Expect({ not: Expect._lower(expectation) });
  }

  /** All of these at once. */
  public static allOf(...expectations: (string | number | Expect)[]): Expect {
    return new Expect({ and: expectations.map(Expect._lower) });
  }

  /** At least one of these. */
  public static anyOf(...expectations: (string | number | Expect)[]): Expect {
    return new Expect({ or: expectations.map(Expect._lower) });
  }

  /**
   * A value as it stands in a plan.
   * @internal
   */
  public static _lower(this: void, value: any): Expectation {
    if (value?._expectation !== undefined) { return value._expectation; }
    if (Array.isArray(value)) { return value.map(Expect._lower); }
    if (value === null || typeof value !== 'object') { return value; }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, Expect._lower(inner)]));
  }

  private constructor(
    /** @internal */
    public readonly _expectation: Expectation,
  ) {}
}
