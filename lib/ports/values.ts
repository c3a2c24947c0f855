import type { ValueReference } from '../plan/values';

/** Reads late-bound values when an image is built. */
export interface ValueSource {
  /**
   * The value of a parameter or secret. Throws a GoldenError that says where it was looked for and how to give it.
   * @param name the name it has in the plan
   */
  read(name: string, from: ValueReference): Promise<string>;
  /**
   * The version of a secret that was read, where it is kept: the same on all computers, and nothing of its value.
   * Absent or undefined: it has none.
   */
  version?(name: string, from: ValueReference): string | undefined;
}
