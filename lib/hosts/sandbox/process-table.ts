import { readdirSync, readFileSync } from 'fs';

/** A process as /proc shows it. */
export interface ProcessEntry {
  readonly pid: number;
  /** The file it was started from, at most 15 characters. */
  readonly name: string;
  /** One letter, as in ps(1): `T` is stopped, `Z` is ended and not yet buried. */
  readonly state: string;
  readonly parent: number;
  /** When it started, in clock ticks since the boot: tells it apart from a later process with the same number. */
  readonly started: number;
}

/** A process that has not ended, if there is one of this number. */
export function findProcess(pid: number): ProcessEntry | undefined {
  let stat: string;
  try { stat = readFileSync(`/proc/${pid}/stat`, 'latin1'); } catch { return undefined; }
  // The name stands in brackets and may itself hold brackets and spaces.
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  const entry = { pid, name: stat.slice(stat.indexOf('(') + 1, end), state: fields[0], parent: Number(fields[1]), started: Number(fields[19]) };
  return entry.state === 'Z' || entry.state === 'X' ? undefined : entry;
}

/** Every process of this machine that has not ended. */
export function allProcesses(): ProcessEntry[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => findProcess(Number(name)))
    .filter((entry): entry is ProcessEntry => entry !== undefined);
}

/** The processes that a process started and that have not ended. */
export function childrenOf(pid: number): ProcessEntry[] {
  let pids: string;
  try { pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1'); } catch { return []; }
  return pids.split(' ').filter(Boolean).map((child) => findProcess(Number(child))).filter((entry): entry is ProcessEntry => entry !== undefined);
}

/** What a process was started with; empty where it cannot be seen. */
export function argumentsOf(pid: number): string[] {
  try { return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(0, -1); } catch { return []; }
}

/** Numbers of the capabilities that a process and its descendants can have at the most. Errors where it has ended. */
export function capabilitiesOf(pid: number): number[] {
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]}`);
  return Array.from({ length: 64 }, (_, number) => number).filter((number) => (mask >> BigInt(number)) & 1n);
}
