import { readFileSync } from 'fs';
import { basename } from 'path';
import { output } from '../../process';

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'dash', 'zsh', 'ash', 'ksh']);

/** How many processes up is looked: a shell may stand between the one that asked and this one. */
const LEVELS = 3;

interface ProcessLine {
  readonly parent: number;
  readonly args: readonly string[];
}

/** The arguments of the process that started this one, shells left out. Empty: it cannot be told. */
export async function callingArguments(pid = process.ppid): Promise<readonly string[]> {
  for (let level = 0, next = pid; level < LEVELS && next > 1; level++) {
    const line = readProcess(next) ?? await askProcess(next);
    if (!line) { return []; }
    if (!SHELLS.has(basename(line.args[0] ?? '').replace(/^-/, ''))) { return line.args; }
    next = line.parent;
  }
  return [];
}

/** The value of an option among arguments, `--name value` or `--name=value`; of several, the last. */
export function optionIn(args: readonly string[], name: string): string | undefined {
  const values = args.flatMap((arg, i) => {
    if (arg === `--${name}`) { return args[i + 1] ?? []; }
    return arg.startsWith(`--${name}=`) ? arg.slice(name.length + 3) : [];
  });
  return values.at(-1);
}

function readProcess(pid: number): ProcessLine | undefined {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    // The name before it stands in parentheses, and may hold anything.
    const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    return { parent: Number(parent), args };
  } catch {
    return undefined;
  }
}

/** Where there is no /proc. Arguments with spaces in them fall apart, which no name of a profile minds that has none. */
async function askProcess(pid: number): Promise<ProcessLine | undefined> {
  try {
    const [, parent, args] = /^\s*(\d+)\s+(.*)$/s.exec(await output(['ps', '-wwo', 'ppid=,args=', '-p', String(pid)]))!;
    return { parent: Number(parent), args: args.trim().split(/\s+/) };
  } catch {
    return undefined;
  }
}
