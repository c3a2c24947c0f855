import type { Check } from '../../plan/checks';
import type { Actual } from '../matching/actual';

/** How one type of check looks at a machine: one shell command, and one pure parser of what it writes. */
export interface Probe {
  /** A POSIX shell script. It only reads, except for what a command check itself does. */
  command(check: Check): string;
  /** How long it may take, in milliseconds. @default 30000 */
  timeoutMs?(check: Check): number;
  parse(output: ProbeOutput, check: Check): Readings;
}

/** What a probe's command wrote, as it came from the machine. */
export interface ProbeOutput {
  /** Absent where it took too long. */
  readonly exitCode?: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** More was written than is kept. */
  readonly truncated: boolean;
}

/** What the machine has, by attribute. Attributes that were not asked for may be left out. */
export interface Readings {
  readonly [attribute: string]: Reading | undefined;
}

export type Reading =
  | { readonly value: Actual }
  /** Text that a plain list is held against line by line, not as a list. */
  | { readonly text: string }
  | { readonly error: string };

/** Text that was written, unless too much was. */
export function textReading(output: ProbeOutput, text: Buffer): Reading {
  return output.truncated ? { error: 'there are more than 4 MiB of it; check a part, with a command such as tail' } : { text: text.toString() };
}

/** The lines of what a command wrote, without the last newline. */
export function linesOf(output: ProbeOutput): string[] {
  return output.stdout.toString().split('\n').filter((line) => line !== '');
}
