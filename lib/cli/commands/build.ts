import { resolve } from 'path';
import { plansToBuild, type AppOptions } from './selected-plans';
import type { BuildRequest } from '../../engine/build-request';
import { stateInFolder } from '../../engine/state-folder';
import type { FailureKind } from '../../errors';
import type { BuildEvent, BuildOutcome } from '../../ports/events';
import type { ParsedPlan } from '../app/plans';
import { buildInOrder } from '../build-order';
import { exitCodeOf } from '../exit-codes';
import { recordFault } from '../fault-log';
import { jsonReporter } from '../reporting/json-reporter';
import { lineReporter } from '../reporting/line-reporter';
import { LiveReporter } from '../reporting/live-reporter';
import type { Reporter } from '../reporting/reporter';
import type { Surroundings, WiredHost } from '../surroundings';
import { checkOverrides, parseOverrides, valueSource } from '../values';
import { VERSION } from '../version';
import { localRunner, stateFolder } from '../wiring';

/* Only what is valid gets as far as to need it. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const engine = () => require('../../engine/build') as typeof import('../../engine/build');

export interface BuildOptions extends AppOptions {
  readonly host: string;
  readonly output: string;
  readonly parallel: number;
  readonly onError: 'cleanup' | 'abort';
  readonly cache: boolean;
  readonly bootTest?: boolean;
  readonly allowHostLoopback?: boolean;
  readonly parameter?: readonly string[];
  readonly secret?: readonly string[];
  readonly json?: boolean;
}

/** Builds images, and returns the exit code that their ends call for. */
export async function buildCommand(patterns: readonly string[], options: BuildOptions, surroundings: Surroundings): Promise<number> {
  const overrides = parseOverrides(options.parameter, options.secret);
  const plans = await plansToBuild(patterns, options, surroundings);
  checkOverrides(overrides, plans.map(({ plan }) => plan));
  const folders = { stateFolder: stateFolder(surroundings.environment), outputFolder: resolve(surroundings.folder, options.output) };
  const wired = await surroundings.hosts({ kind: options.host, allowHostLoopback: options.allowHostLoopback ?? false, ...folders });
  const reporter = reporterFor(options, surroundings);
  try {
    const outcomes = await buildInOrder(plans, {
      parallel: options.parallel,
      build: (plan, parent) => buildOne(plan, wired, {
        ...options, ...folders, values: valueSource(overrides, surroundings), parentKey: parent?.buildKey,
      }, reporter, surroundings),
      withoutParent: (plan, parent, outcome) => report(reporter, surroundings, plan, withoutParent(plan, parent, outcome)),
    });
    return exitCodeOf(outcomes.flatMap(failureOf));
  } finally {
    reporter.finish();
  }
}

type OneBuildOptions = BuildOptions & Pick<BuildRequest, 'stateFolder' | 'outputFolder' | 'values' | 'parentKey'>;

function buildOne(
  { plan, file }: ParsedPlan, { host, communicators }: WiredHost, options: OneBuildOptions, reporter: Reporter, surroundings: Surroundings,
): Promise<BuildOutcome> {
  return engine().build({
    plan,
    planFile: file,
    host,
    parentKey: options.parentKey,
    communicators: communicators(),
    values: options.values,
    local: localRunner(surroundings.environment),
    state: stateInFolder(options.stateFolder, surroundings.clock),
    stateFolder: options.stateFolder,
    outputFolder: options.outputFolder,
    clock: surroundings.clock,
    report: (event) => reporter.report({ time: timeOf(surroundings), image: plan.image, ...withoutStack(event, surroundings) }),
    signal: surroundings.signal,
    useCache: options.cache,
    bootTest: options.bootTest ?? false,
    onError: options.onError,
    toolVersion: VERSION,
  });
}

function reporterFor({ json }: BuildOptions, { stdout, clock }: Surroundings): Reporter {
  if (json) { return jsonReporter(stdout); }
  return stdout.terminal ? new LiveReporter(stdout, clock) : lineReporter(stdout);
}

/** The stack trace of a fault of ours goes to a file; what is shown is one line of it. */
function withoutStack(event: BuildEvent, surroundings: Surroundings): BuildEvent {
  if (event.type !== 'build.finished' || event.error?.kind !== 'internal') { return event; }
  const [message] = event.error.message.split('\n');
  return { ...event, error: { ...event.error, message, hint: recordFault([event.error.message], surroundings) } };
}

function withoutParent({ plan }: ParsedPlan, parent: ParsedPlan, outcome: BuildOutcome): BuildOutcome {
  return {
    status: outcome.status === 'interrupted' ? 'interrupted' : 'failed',
    definitionHash: plan.definitionHash,
    seconds: 0,
    error: {
      code: 'parent-failed',
      kind: outcome.error?.kind ?? 'interrupted',
      message: `It starts from ${parent.plan.image}, which was not built`,
      path: plan.image,
    },
  };
}

function report(reporter: Reporter, surroundings: Surroundings, { plan }: ParsedPlan, outcome: BuildOutcome): BuildOutcome {
  reporter.report({ time: timeOf(surroundings), image: plan.image, type: 'build.finished', ...outcome });
  return outcome;
}

function timeOf({ clock }: Surroundings): string {
  return new Date(clock.now()).toISOString();
}

function failureOf({ status, error }: BuildOutcome): FailureKind[] {
  if (status === 'interrupted') { return ['interrupted']; }
  return status === 'failed' ? [error?.kind ?? 'internal'] : [];
}
