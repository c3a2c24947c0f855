import { randomBytes } from 'crypto';
import { findProcess } from './process-table';

/** The process that something half-made belongs to. */
export interface Owner {
  readonly pid: number;
  /** When it started: see `ProcessEntry.started`. */
  readonly started: number;
}

const DRAFT_NAME = /^\.draft-(\d+)-(\d+)-[0-9a-f]+$/;

/** The process that we are. */
export function thisOwner(): Owner {
  return { pid: process.pid, started: findProcess(process.pid)?.started ?? 0 };
}

/** Whether the process is still there, and not another one with its number. */
export function isRunning(owner: Owner): boolean {
  return findProcess(owner.pid)?.started === owner.started;
}

/** A new hidden name for something half-made; it says whose it is, so that nothing has to be written before it is. */
export function draftName(): string {
  const { pid, started } = thisOwner();
  return `.draft-${pid}-${started}-${randomBytes(6).toString('hex')}`;
}

/** Whose draft it is; undefined: the name is no draft's. */
export function draftOwner(name: string): Owner | undefined {
  const match = DRAFT_NAME.exec(name);
  return match ? { pid: Number(match[1]), started: Number(match[2]) } : undefined;
}
