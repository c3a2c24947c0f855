/** States of a command on one instance; the details say more where there is more to say. */
export type CommandStatus = 'Pending' | 'InProgress' | 'Success' | 'Failed' | 'TimedOut' | 'Cancelled' | 'Cancelling';
export type CommandDetails = CommandStatus | 'DeliveryTimedOut' | 'ExecutionTimedOut' | 'Undeliverable';

/** What was asked for, as the history of the account shows it to everybody who may read it. */
export interface CommandRequest {
  readonly commandId: string;
  readonly account: string;
  readonly region: string;
  readonly documentName: string;
  readonly instanceIds: readonly string[];
  readonly comment: string;
  readonly parameters: { readonly [name: string]: readonly string[] };
  readonly requestedAt: number;
  /** For how long it may wait for the agent. */
  readonly timeoutMs: number;
  /** For how long the script may run. */
  readonly executionMs: number;
}

/** A command on one instance. */
export interface Invocation {
  readonly request: CommandRequest;
  readonly instanceId: string;
  status: CommandStatus;
  details: CommandDetails;
  exitCode: number;
  startedAt?: number;
  endedAt?: number;
  stdout: string;
  stderr: string;
  /** Ends the script. */
  readonly cancel: AbortController;
}

const STDOUT_CHARACTERS = 24_000;
const STDERR_CHARACTERS = 8_000;
const CUT = '--output truncated--';

export function isOver(invocation: Invocation): boolean {
  return !['Pending', 'InProgress', 'Cancelling'].includes(invocation.status);
}

/** How it ended; what it wrote is cut as the agent cuts it. */
export interface Ending {
  readonly status: CommandStatus;
  readonly details?: CommandDetails;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function endInvocation(invocation: Invocation, ending: Ending, now: number): void {
  if (isOver(invocation)) { return; }
  Object.assign(invocation, {
    status: ending.status,
    details: ending.details ?? ending.status,
    exitCode: ending.exitCode,
    endedAt: now,
    stdout: shorten(ending.stdout, STDOUT_CHARACTERS),
    stderr: shorten(ending.stderr, STDERR_CHARACTERS),
  });
}

/** When nobody hears of it any more, its time runs out all the same. */
export function expireInvocation(invocation: Invocation, now: number): void {
  const { request, startedAt } = invocation;
  if (isOver(invocation)) { return; }
  const silent = { stdout: '', stderr: '', exitCode: -1, status: 'TimedOut' as const };
  if (startedAt === undefined) {
    if (now > request.requestedAt + request.timeoutMs) { endInvocation(invocation, { ...silent, details: 'DeliveryTimedOut' }, now); }
  } else if (now > request.requestedAt + request.timeoutMs + request.executionMs) {
    endInvocation(invocation, { ...silent, details: 'ExecutionTimedOut' }, now);
  }
}

function shorten(text: string, limit: number): string {
  return text.length < limit ? text : text.slice(0, limit - CUT.length) + CUT;
}
