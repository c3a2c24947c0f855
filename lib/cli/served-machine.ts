import type { Interface } from 'readline';
import { holdChecks } from '../engine/checks';
import type { UsedMachine } from '../engine/machine-use';
import { describeError } from '../engine/outcome';
import { restart } from '../engine/restart';
import { GoldenError, InvalidPlanError } from '../errors';
import type { Check } from '../plan/checks';
import { definitionHash } from '../plan/keys';
import type { MachineAnswer, MachineRequest, RunRequest } from '../plan/machine-requests';
import type { Plan } from '../plan/model';
import { quote } from '../plan/shell';
import { planFaults } from '../plan/validate';

/** How long services may take to come up after the machine has started. */
const PATIENCE_MS = 5_000;

export interface ServeOptions {
  /** One request a line. Closed when no more can come. */
  readonly requests: Interface;
  readonly answer: (answer: MachineAnswer) => void;
  /** Hold the checks of the image before the machine is handed over. */
  readonly holdChecks: boolean;
}

/** Answers requests about a machine, all at once, until no more can come. What still runs then is ended with the machine. */
export async function serveMachine(used: UsedMachine, { requests, answer, ...options }: ServeOptions): Promise<void> {
  const { plan } = used.context.request;
  const { signal } = used.context;
  if (options.holdChecks) { await check(used, plan.definition.checks); }
  answer({ type: 'ready', machine: used.connection.machine.description, definitionHash: plan.definitionHash });
  requests.on('line', (line) => void answerTo(line, used).then(answer));
  await new Promise<void>((resolve, reject) => {
    requests.once('close', resolve);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) { reject(signal.reason); }
  });
}

async function answerTo(line: string, used: UsedMachine): Promise<MachineAnswer> {
  let id: number | undefined;
  try {
    const request = JSON.parse(line) as MachineRequest;
    ({ id } = request);
    return await answerOf(request, used);
  } catch (error) {
    return { type: 'failed', id, error: describeError(error, used.context.redaction) };
  }
}

async function answerOf(request: MachineRequest, used: UsedMachine): Promise<MachineAnswer> {
  const { id } = request;
  switch (request.type) {
    case 'run': {
      const { exitCode, stdout, stderr } = await execute(request, used);
      return { type: 'ran', id, exitCode, stdout: stdout.toString('base64'), stderr: stderr.toString('base64') };
    }
    case 'check':
      await check(used, request.checks);
      return { type: 'done', id };
    case 'reboot':
      await restart(used.connection, used.context.folders, request.timeoutMs);
      return { type: 'done', id };
  }
}

/** Once, and not again where the machine goes away under it: it may not be meant to run twice. */
async function execute({ command, user, environment, stdin, timeoutMs }: RunRequest, { connection, context }: UsedMachine) {
  const script = [...Object.entries(environment).map(([name, value]) => `${name}=${quote(value)}; export ${name}`), command].join('\n');
  try {
    return await connection.communicator.execute(user === 'root' ? script : `exec su -s /bin/sh -c ${quote(script)} ${quote(user)}`, {
      stdin, timeoutMs, signal: context.signal,
    });
  } catch (error) {
    if (!GoldenError.is(error) || error.code !== 'timed-out') { throw error; }
    throw new GoldenError('timed-out', `${command} took longer than ${timeoutMs / 1000} s`, { kind: 'instruction', cause: error });
  }
}

async function check({ connection, context }: UsedMachine, given?: readonly Check[]): Promise<void> {
  const { plan } = context.request;
  if (given) { demandValid(plan, given); }
  await holdChecks(given ?? plan.definition.checks, connection, context, { phase: 'check', patienceMs: PATIENCE_MS });
}

/** What is wrong with checks is said as of those of a plan. */
function demandValid(plan: Plan, checks: readonly Check[]): void {
  const definition = { ...plan.definition, checks };
  const faults = planFaults({ ...plan, definition, definitionHash: definitionHash(definition) });
  if (faults.length > 0) { throw new InvalidPlanError('The check', faults); }
}
