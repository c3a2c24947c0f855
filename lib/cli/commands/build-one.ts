import type { BuildRequest } from '../../engine/build-request';
import type { BuildEvent, BuildOutcome } from '../../ports/events';
import type { Operator } from '../../ports/operator';
import type { StateStore } from '../../ports/state';
import type { ParsedPlan } from '../app/plans';
import { recordFault } from '../fault-log';
import { jsonReporter } from '../reporting/json-reporter';
import { lineReporter } from '../reporting/line-reporter';
import { LiveReporter } from '../reporting/live-reporter';
import type { Reporter } from '../reporting/reporter';
import type { Surroundings, WiredHost } from '../surroundings';
import { parseOverrides, valueSource } from '../values';
import { VERSION } from '../version';
import { localRunner } from '../wiring';
import { foldersOf, type HostCommandOptions } from './host-options';

/* Only what is valid gets as far as to need it. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const engine = () => require('../../engine/build') as typeof import('../../engine/build');

/** Options that a build is asked for with, and is asked for again after it was killed. No value of a secret is among them. */
export interface AskedOptions extends HostCommandOptions {
  readonly onError: 'cleanup' | 'abort' | 'ask';
  readonly parameter?: readonly string[];
  readonly secret?: readonly string[];
}

export interface BuildSurroundings {
  readonly options: AskedOptions;
  readonly wired: WiredHost;
  readonly state: StateStore;
  readonly reporter: Reporter;
  /** Who is asked. Absent: nobody. */
  readonly operator?: Operator;
}

type How = Pick<BuildRequest, 'bootTest' | 'useCache' | 'parentKey' | 'newerSource' | 'resumes'>;

/** Builds one image, and shows what happens. */
export async function buildOne(parsed: ParsedPlan, around: BuildSurroundings, how: How, surroundings: Surroundings): Promise<BuildOutcome> {
  return engine().build(await requestOf(parsed, around, how, surroundings));
}

/** What the engine is asked for. */
export async function requestOf(
  { plan, file }: ParsedPlan, { options, wired, state, reporter, operator }: BuildSurroundings, how: How, surroundings: Surroundings,
): Promise<BuildRequest> {
  const { clock, environment, signal } = surroundings;
  return {
    plan,
    planFile: file,
    host: wired.host,
    communicators: await wired.communicators(plan, file),
    values: valueSource(parseOverrides(options.parameter, options.secret), surroundings, await wired.values?.(plan)),
    local: localRunner(environment),
    state,
    ...foldersOf(options, surroundings),
    clock,
    report: (event) => reporter.report({ time: timeOf(surroundings), image: plan.image, ...withoutStack(event, surroundings) }),
    caughtUp: () => reporter.caughtUp?.(),
    signal,
    onError: options.onError === 'ask' ? 'cleanup' : options.onError,
    operator,
    toolVersion: VERSION,
    asked: askedOf(options, surroundings),
    ...how,
  };
}

export function reporterFor({ json }: { readonly json?: boolean }, { stdout, clock }: Surroundings): Reporter {
  if (json) { return jsonReporter(stdout); }
  return stdout.terminal ? new LiveReporter(stdout, clock) : lineReporter(stdout);
}

/** Shows how an image ended that was not even begun. */
export function reportEnd(reporter: Reporter, surroundings: Surroundings, image: string, outcome: BuildOutcome): BuildOutcome {
  reporter.report({ time: timeOf(surroundings), image, type: 'build.finished', ...outcome });
  return outcome;
}

/** Paths and places as they are from anywhere: who asks again may stand elsewhere. */
function askedOf(options: AskedOptions, surroundings: Surroundings): { readonly [name: string]: unknown } {
  const { host, region, profile, roleArn, stagingBucket, allowHostLoopback, onError, parameter, secret } = options;
  const { outputFolder: output } = foldersOf(options, surroundings);
  return { host, region, profile, roleArn, stagingBucket, allowHostLoopback, onError, parameter, secret, output };
}

/** The stack trace of a fault of ours goes to a file; what is shown is one line of it. */
function withoutStack(event: BuildEvent, surroundings: Surroundings): BuildEvent {
  if (event.type !== 'build.finished' || event.error?.kind !== 'internal') { return event; }
  const [message] = event.error.message.split('\n');
  return { ...event, error: { ...event.error, message, hint: recordFault([event.error.message], surroundings) } };
}

function timeOf({ clock }: Surroundings): string {
  return new Date(clock.now()).toISOString();
}
