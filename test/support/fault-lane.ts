import { readFileSync } from 'fs';
import { startCloud, type Cloud } from './cloud/cloud';
import { createMachineProvider } from './cloud/machines/create-machine-provider';
import { createSsmService, type TestableSsmService } from './cloud/ssm/create-ssm-service';
import type { BuildAnswer, FaultAnswers, FaultPlace, FaultQuestion, FaultView, SettleAnswer } from './fault-case';
import { faultView } from './fault-view';
import { localRunner, systemClock, wireHost } from '../../lib/cli/wiring';
import { build } from '../../lib/engine/build';
import { unfinishedBuilds } from '../../lib/engine/build-record';
import type { BuildRequest } from '../../lib/engine/build-request';
import { removeDeadBuilds } from '../../lib/engine/garbage';
import { removeAbandonedLocks } from '../../lib/engine/lock-file';
import { stateInFolder } from '../../lib/engine/state-folder';
import type { Plan } from '../../lib/plan/model';
import { parsePlan } from '../../lib/plan/parse';
import type { BuildOutcome } from '../../lib/ports/events';
import type { HostContext } from '../../lib/ports/host';

/* A process with an emulated account of its own, where one image after another is built. See `fault-lanes.ts`. */

/** What goes on for a moment after a build: instances that end, and groups that they hold. */
const SETTLING_MS = 15_000;

const never = new AbortController().signal;

function planOf({ planFile }: FaultPlace): Plan {
  return parsePlan(readFileSync(planFile, 'utf8'), planFile);
}

function wired({ stateFolder, outputFolder }: FaultPlace) {
  return wireHost({ kind: 'ec2', stateFolder, outputFolder, allowHostLoopback: false, environment: process.env, clock: systemClock });
}

async function buildOnce(place: FaultPlace, resumes?: BuildRequest['resumes']): Promise<BuildOutcome> {
  const { planFile, stateFolder, outputFolder, bootTest } = place;
  const plan = planOf(place);
  const { host, communicators } = await wired(place);
  return build({
    plan,
    planFile,
    host,
    communicators: await communicators(plan, planFile),
    values: { read: async (name) => `value of ${name}` },
    local: localRunner(process.env),
    state: stateInFolder(stateFolder, systemClock),
    stateFolder,
    outputFolder,
    clock: systemClock,
    report: process.env.FAULT_EVENTS ? (event) => process.stderr.write(`${JSON.stringify(event)}\n`) : () => undefined,
    signal: never,
    useCache: true,
    bootTest,
    onError: 'cleanup',
    toolVersion: '1.2.3',
    resumes,
  });
}

/** As `golden resume` and, where nothing is unfinished, `golden build` do. */
async function resume(place: FaultPlace): Promise<SettleAnswer> {
  const [unfinished] = await unfinishedBuilds(stateInFolder(place.stateFolder, systemClock));
  const started = unfinished?.started;
  const outcome = await buildOnce(place, started && { buildId: unfinished.buildId, buildKey: started.buildKey });
  await removeAbandonedLocks(place.stateFolder, systemClock);
  return { outcome, hadRemains: started !== undefined };
}

/** As `golden gc` does. */
async function collect(place: FaultPlace): Promise<SettleAnswer> {
  const { host } = await wired(place);
  const state = stateInFolder(place.stateFolder, systemClock);
  const hadRemains = (await state.unfinished()).length > 0;
  const context: HostContext = {
    buildId: 'gc', report: () => undefined, signal: never, intend: async () => undefined, late: async () => { throw new Error('Nothing is built here'); },
  };
  await removeDeadBuilds({ state, host, context, clock: systemClock });
  await host.collectGarbage(context);
  await removeAbandonedLocks(place.stateFolder, systemClock);
  return { hadRemains };
}

async function settled(cloud: Cloud, place: FaultPlace): Promise<FaultView> {
  const plan = planOf(place);
  const until = Date.now() + SETTLING_MS;
  for (;;) {
    const view = await faultView(cloud, plan, place);
    if (view.left.length === 0 || Date.now() > until) { return view; }
    await systemClock.sleep(100);
  }
}

async function answer(cloud: Cloud<TestableSsmService>, question: FaultQuestion): Promise<FaultAnswers[FaultQuestion['ask']]> {
  switch (question.ask) {
    case 'reset':
      await cloud.reset();
      return true;
    case 'build': {
      if (question.fault) { cloud.faults.inject(question.fault); }
      const outcome = await buildOnce(question.place);
      cloud.faults.clear();
      const built: BuildAnswer = { outcome, calls: [...cloud.calls] };
      return built;
    }
    case 'settle':
      return question.by === 'resume' ? resume(question.place) : collect(question.place);
    case 'look':
      return settled(cloud, question.place);
  }
}

async function main(): Promise<void> {
  const cloud = await startCloud({ machines: createMachineProvider('light'), ssm: createSsmService });
  Object.assign(process.env, cloud.environment, { GOLDEN_CALLER_ADDRESS: '127.0.0.1' });
  const stop = async () => {
    await cloud.stop();
    process.exit(0);
  };
  process.once('disconnect', () => { void stop(); });
  process.on('message', (question: FaultQuestion & { readonly id: number } | 'stop') => {
    if (question === 'stop') { void stop(); return; }
    answer(cloud, question).then(
      (said) => process.send!({ id: question.id, said }),
      (error: Error) => process.send!({ id: question.id, error: error.stack }),
    );
  });
  process.send!({ environment: { ...cloud.environment, GOLDEN_CALLER_ADDRESS: '127.0.0.1' } });
}

void main();
