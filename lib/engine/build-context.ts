import { GoldenError } from '../errors';
import type { BuildRequest } from './build-request';
import type { ControlServer } from './control/control-server';
import { Decisions } from './decisions';
import { Deviations } from './deviations';
import { lateReader } from './late';
import type { Redaction } from './redact';
import type { BuildEvent, EventSink, Phase } from '../ports/events';
import type { HostContext } from '../ports/host';
import type { Journal } from '../ports/journal';
import type { MachineFolders } from './bundle/bundle';

/** One build, as everything in it sees it. */
export interface BuildContext extends HostContext {
  readonly request: BuildRequest;
  readonly journal: Journal;
  readonly redaction: Redaction;
  /** Where on a machine this build keeps what it needs there. */
  readonly folders: MachineFolders;
  readonly deviations: Deviations;
  readonly decisions: Decisions;
  /** Lets other processes onto the machine. Absent: nobody else is let in. */
  readonly control?: ControlServer;
  /** Runs a part of the build, and says how long it took. */
  phase<T>(phase: Phase, work: () => Promise<T>, detail?: string): Promise<T>;
  /** Does something that has to be undone where the build ends before its time: records the intent, acts, records the outcome. */
  act<T>(act: string, detail: { readonly [key: string]: string | number }, work: () => Promise<T>): Promise<T>;
  /** Begins the journal. What was reported before is not in it: a build that has nothing to do leaves no journal. */
  startRecording(detail: { readonly [key: string]: unknown }): Promise<void>;
  /** Seconds that each part took so far. */
  readonly phases: readonly PhaseTime[];
}

export interface PhaseTime {
  readonly phase: Phase;
  readonly seconds: number;
}

export interface BuildContextOptions {
  readonly request: BuildRequest;
  readonly buildId: string;
  readonly journal: Journal;
  readonly redaction: Redaction;
  readonly folders: MachineFolders;
  readonly control?: ControlServer;
  readonly signal: AbortSignal;
}

/** Makes the context of a build. Events go to the journal, too, but for output, which would be most of it. */
export function buildContext(options: BuildContextOptions): BuildContext {
  const { request, journal } = options;
  const { clock, operator = {}, plan } = request;
  const deviations = new Deviations();
  const phases: PhaseTime[] = [];
  let recording = false;
  const report: EventSink = (event) => {
    request.report(event);
    if (event.type === 'phase.finished') { phases.push({ phase: event.phase, seconds: event.seconds }); }
    if (recording && isRecorded(event)) { record(journal, event); }
  };
  return {
    ...options,
    deviations,
    decisions: new Decisions({ ...options, operator, plan, deviations }),
    report,
    phases,
    intend: (act, detail) => journal.append({ type: 'intent', act, detail }),
    late: lateReader(request.values),
    startRecording: async (detail) => {
      await journal.append({ type: 'started', detail });
      recording = true;
    },
    phase: async (phase, work, detail) => {
      if (options.signal.aborted) { throw new GoldenError('interrupted', `Interrupted before the ${phase}`, { kind: 'interrupted' }); }
      const begin = clock.now();
      const before = phases.length;
      report({ type: 'phase.started', phase, detail });
      const result = await work();
      // A host may report a part of its own in the middle, such as making a base: no second counts twice.
      const within = phases.slice(before).reduce((sum, { seconds }) => sum + seconds, 0);
      report({ type: 'phase.finished', phase, seconds: Math.max(0, (clock.now() - begin) / 1000 - within) });
      return result;
    },
    act: async (act, detail, work) => {
      await journal.append({ type: 'intent', act, detail });
      const result = await work();
      await journal.append({ type: 'done', act, detail });
      return result;
    },
  };
}

function isRecorded(event: BuildEvent): boolean {
  return event.type !== 'instruction.output' && event.type !== 'check.finished';
}

/** Nobody waits for it: what has to be durable is an intent or an outcome, and who appends those learns of a full disk. */
function record(journal: Journal, { type, ...detail }: BuildEvent): void {
  journal.append({ type: 'event', act: type, detail }).catch(() => undefined);
}
