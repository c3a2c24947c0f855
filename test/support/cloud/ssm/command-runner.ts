import type { Agents } from './agents';
import { endInvocation, type Invocation } from './command-records';
import { commandScript, hasBegun, NO_AGENT, readErrors } from './command-script';
import type { SsmSurroundings } from './ssm-service';

const POLL_MS = 20;
/** An exit code by which a script asks for a restart of the machine, and to be run again. */
const RESTART_AND_RUN_AGAIN = 194;
/** What the agent reports of a script that it ended. */
const STOPPED = 137;

export interface RunnerSettings {
  /** How long it takes until an agent hears of a command. */
  deliveryMs: number;
}

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** `silent`: nothing was heard of the end. `undelivered`: the agent did not take it. */
  readonly how: 'ended' | 'timed-out' | 'cancelled' | 'silent' | 'undelivered';
}

/** Takes a command to its instance and runs it there. */
export async function runInvocation(
  invocation: Invocation, agents: Agents, surroundings: SsmSurroundings, settings: RunnerSettings,
): Promise<void> {
  const { request, instanceId, cancel: { signal } } = invocation;
  const instance = () => surroundings.instance(request.account, request.region, instanceId);
  const release = await agents.worker(instanceId);
  try {
    await surroundings.sleep(settings.deliveryMs, signal).catch(() => undefined);
    const expires = request.requestedAt + request.timeoutMs;
    while (!signal.aborted && surroundings.now() <= expires) {
      if (instance() === undefined || instance()?.state === 'terminated') {
        endInvocation(invocation, { status: 'Failed', details: 'Undeliverable', exitCode: -1, stdout: '', stderr: '' }, surroundings.now());
        return;
      }
      if (await agents.isManaged(instance()) && agents.isOnline(instance())) {
        const outcome = await runScript(invocation, () => instance(), surroundings);
        if (outcome.how === 'silent') { return; }
        if (outcome.how !== 'undelivered') {
          if (outcome.exitCode === RESTART_AND_RUN_AGAIN && outcome.how === 'ended') {
            await agents.restart(instance, signal);
            continue;
          }
          // Whoever is not heard of any more cannot say how it ended.
          if (agents.isOnline(instance())) { report(invocation, outcome, surroundings.now()); }
          return;
        }
      }
      await surroundings.sleep(POLL_MS);
    }
  } finally {
    release();
  }
}

async function runScript(invocation: Invocation, instance: () => ReturnType<SsmSurroundings['instance']>, surroundings: SsmSurroundings): Promise<Outcome> {
  const { request: { parameters, commandId, executionMs }, instanceId, cancel: { signal } } = invocation;
  const machine = instance()?.machine;
  if (!machine?.exec) { return { how: 'undelivered', exitCode: -1, stdout: '', stderr: '' }; }
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const said = () => {
    const errors = readErrors(Buffer.concat(stderr).toString('utf8'));
    return { exitCode: errors.exitCode, output: { stdout: Buffer.concat(stdout).toString('utf8'), stderr: errors.stderr } };
  };
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), executionMs);
  try {
    const { exitCode } = await machine.exec(commandScript(instanceId, commandId, parameters.commands, parameters.workingDirectory?.[0] ?? ''), {
      signal: AbortSignal.any([signal, limit.signal]),
      onStdout: (chunk) => stdout.push(chunk),
      onStderr: (chunk) => {
        stderr.push(chunk);
        if (invocation.status === 'Pending' && hasBegun(Buffer.concat(stderr).toString('utf8'))) {
          Object.assign(invocation, { status: 'InProgress', details: 'InProgress', startedAt: surroundings.now() });
        }
      },
    });
    if (exitCode === NO_AGENT) { return { how: 'undelivered', exitCode, stdout: '', stderr: '' }; }
    const end = said();
    return end.exitCode === undefined ? { how: 'silent', exitCode, ...end.output } : { how: 'ended', exitCode: end.exitCode, ...end.output };
  } catch {
    return { how: signal.aborted ? 'cancelled' : limit.signal.aborted ? 'timed-out' : 'silent', exitCode: STOPPED, ...said().output };
  } finally {
    clearTimeout(timer);
  }
}

function report(invocation: Invocation, { how, exitCode, stdout, stderr }: Outcome, now: number): void {
  const failure = exitCode === 0 ? '' : `${stderr === '' || stderr.endsWith('\n') ? '' : '\n'}failed to run commands: exit status ${exitCode}`;
  const end = (status: 'Success' | 'Failed' | 'Cancelled' | 'TimedOut', details?: 'ExecutionTimedOut') => endInvocation(
    invocation, { status, details, exitCode, stdout, stderr: stderr + failure }, now,
  );
  if (how === 'cancelled') { end('Cancelled'); return; }
  if (how === 'timed-out') { end('TimedOut', 'ExecutionTimedOut'); return; }
  end(exitCode === 0 ? 'Success' : 'Failed');
}
