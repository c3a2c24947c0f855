import { GoldenError } from '../errors';
import type { BuildContext } from './build-context';
import type { Connection } from './connection';
import { howToLook } from './instruction-result';
import { describeCheck, type Check, type CheckType } from '../plan/checks';
import type { CheckResult } from '../verify/check-result';
import { evaluateChecks } from '../verify/evaluate';

/** What is not there yet may be on its way: services take a moment to listen. Files and packages do not come by themselves. */
const PATIENT_TYPES: readonly CheckType[] = ['service', 'port', 'process', 'command'];

const PAUSE_MS = 500;

export interface CheckOptions {
  readonly phase: 'provision' | 'check' | 'boot-test';
  /** How long a service may take to come up. */
  readonly patienceMs: number;
}

/** One line of a manifest. */
export interface CheckSummary {
  readonly check: string;
  readonly attribute: string;
  readonly outcome: CheckResult['outcome'];
  readonly message: string;
  readonly origin: string;
}

/** Holds checks against a machine, and reports each result. Throws `check-failed`, which names all that failed. */
export async function holdChecks(
  checks: readonly Check[], connection: Connection, context: BuildContext, { phase, patienceMs }: CheckOptions,
): Promise<readonly CheckSummary[]> {
  if (checks.length === 0) { return []; }
  const results = (await evaluatePatiently(checks, connection, context, patienceMs)).map((result): CheckSummary => ({
    check: describeCheck(result.check),
    attribute: result.attribute,
    outcome: result.outcome,
    message: context.redaction.text(result.message),
    origin: result.check.origin,
  }));
  for (const { message, ...result } of results) {
    context.report({ type: 'check.finished', phase, ...result, ...(result.outcome === 'failed' ? { message } : {}) });
  }
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  if (failed.length > 0) { throw checksFailed(failed, context, phase); }
  return results;
}

async function evaluatePatiently(
  checks: readonly Check[], connection: Connection, { request, signal }: BuildContext, patienceMs: number,
): Promise<readonly CheckResult[]> {
  const { clock } = request;
  const deadline = clock.now() + patienceMs;
  for (;;) {
    const results = await evaluateChecks(checks, (command, options) => connection.execute(command, options), { signal });
    const failed = results.filter(({ outcome }) => outcome === 'failed');
    const mayCome = failed.length > 0 && failed.every(({ check }) => PATIENT_TYPES.includes(check.type));
    if (!mayCome || clock.now() >= deadline) { return results; }
    await clock.sleep(PAUSE_MS, signal);
  }
}

function checksFailed(failed: readonly CheckSummary[], { request }: BuildContext, phase: CheckOptions['phase']): GoldenError {
  const count = failed.length === 1 ? '1 check failed' : `${failed.length} checks failed`;
  const lines = failed.map(({ check, attribute, message, origin }) => `  ${located(request.plan.image, origin)}: ${check}: ${attribute}: ${message}`);
  return new GoldenError('check-failed', `${count}${phase === 'boot-test' ? ' in the started image' : ''}:\n${lines.join('\n')}`, {
    kind: 'check',
    path: located(request.plan.image, failed[0].origin),
    hint: phase === 'boot-test'
      ? 'The machine that was provisioned passed: look at what is enabled, and not only started.'
      : howToLook(request),
  });
}

/** A check of the image itself has no path below it. */
function located(image: string, origin: string): string {
  return origin === '' ? image : `${image}/${origin}`;
}
