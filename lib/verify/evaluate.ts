import type { CheckResult } from './check-result';
import { GoldenError } from '../errors';
import type { ProbeOutput } from './checks/probe';
import { PROBES } from './checks/probes';
import { parseFrames, probeScript, type ProbeCommand } from './probe-script';
import { judge } from './verdict';
import type { Check } from '../plan/checks';
import type { Communicator } from '../ports/communicator';

const DEFAULT_TIMEOUT_MS = 30_000;

/** For the script around the commands, and for the way there and back. */
const OVERHEAD_MS = 60_000;

/**
 * Holds checks against a machine, with the meaning they have in Goss 0.4, and returns one result for each attribute, in order.
 * All of them go in one call, unless they return more than a few megabytes. Throws only where the machine does not answer.
 */
export async function evaluateChecks(
  checks: readonly Check[], execute: Communicator['execute'], options: { readonly signal?: AbortSignal } = {},
): Promise<readonly CheckResult[]> {
  const commands = checks.map((check): ProbeCommand => {
    const probe = PROBES[check.type];
    return { script: probe.command(check), timeoutMs: probe.timeoutMs?.(check) ?? DEFAULT_TIMEOUT_MS };
  });
  const outputs: ProbeOutput[] = [];
  while (outputs.length < commands.length) {
    outputs.push(...await runProbes(commands.slice(outputs.length), execute, options.signal));
  }
  return checks.flatMap((check, i) => judge(check, PROBES[check.type].parse(outputs[i], check)));
}

async function runProbes(commands: readonly ProbeCommand[], execute: Communicator['execute'], signal?: AbortSignal): Promise<ProbeOutput[]> {
  const timeoutMs = commands.reduce((sum, command) => sum + command.timeoutMs, OVERHEAD_MS);
  const { exitCode, stdout, stderr } = await execute('sh -s', { stdin: probeScript(commands), timeoutMs, signal });
  const frames = parseFrames(stdout);
  if (exitCode !== 0 || frames.length === 0) {
    throw new GoldenError('checks-not-run', `The checks could not be run: ${stderr.toString().trim() || `exit code ${exitCode}`}`, {
      hint: 'The machine needs a POSIX shell, coreutils, and a folder for temporary files with some space.',
    });
  }
  return frames;
}
