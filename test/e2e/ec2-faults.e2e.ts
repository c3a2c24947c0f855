import { mkdirSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { FaultKind } from '../support/cloud/faults';
import type { LoggedCall } from '../support/cloud/server';
import type { FaultPlace, FaultView } from '../support/fault-case';
import { FaultCount } from '../support/fault-count';
import { FaultLane, inLanes } from '../support/fault-lanes';
import { faultPlan } from '../support/fault-plan';
import { KilledBuilds } from '../support/killed-builds';

/** Accounts in which builds run at the same time: they wait more than they work. */
const LANES = 6;

const ACCOUNT = { account: '123456789012', region: 'us-east-2', otherRegion: 'us-west-2' };

const READING = /^(Describe|Get|List|Head)/;

const ANY: readonly FaultKind[] = ['throttle', 'error-500', 'timeout-after-effect', 'not-found'];

interface Kill {
  readonly record: number;
  readonly when: 'before' | 'after';
  readonly then: 'resume' | 'gc';
}

interface CallFault {
  readonly service: string;
  readonly action: string;
  readonly region: string;
  readonly nth: number;
  readonly kind: FaultKind;
}

describe('a build of an AMI and its copy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'golden-fault-'));
  const count = new FaultCount();
  let lanes: FaultLane[] = [];
  let builds: KilledBuilds;
  beforeAll(async () => {
    builds = new KilledBuilds(['ec2']);
    lanes = await Promise.all(Array.from({ length: LANES }, () => FaultLane.start()));
  }, 300_000);
  afterAll(async () => {
    await Promise.all(lanes.map((lane) => lane.stop()));
    builds.dispose();
    rmSync(folder, { recursive: true, force: true });
    process.stdout.write(count.table());
  }, 60_000);

  let cases = 0;
  /** Where nobody has built anything: a new account, and new folders. */
  async function newPlace(lane: FaultLane, planFile: string, bootTest: boolean): Promise<FaultPlace> {
    const here = join(folder, `case-${cases++}`);
    mkdirSync(here);
    await lane.ask({ ask: 'reset' });
    return { planFile, bootTest, stateFolder: join(here, 'state'), outputFolder: join(here, 'out') };
  }

  /** What a build calls where nothing fails. */
  async function callsOf(planFile: string, bootTest: boolean): Promise<readonly LoggedCall[]> {
    const { outcome, calls } = await lanes[0].ask({ ask: 'build', place: await newPlace(lanes[0], planFile, bootTest) });
    expect({ status: outcome.status, error: outcome.error }).toEqual({ status: 'built', error: undefined });
    return calls;
  }

  describe.each([['ssm', false], ['ssh', true]] as const)('over %s', (kind, bootTest) => {
    const planFile = faultPlan(folder, kind, ACCOUNT);

    test('that is killed at any record of its journal leaves the image once or not at all, and nothing else', async () => {
      const clean = await newPlace(lanes[0], planFile, bootTest);
      const { answer, stderr } = await builds.run(killable(clean), lanes[0].environment);
      expect({ status: answer?.outcome.status, error: answer?.outcome.error, stderr }).toEqual({ status: 'built', error: undefined, stderr: '' });
      const kills = Array.from({ length: answer!.records }, (_, i) => i + 1).flatMap((record): Kill[] => (
        // What differs over SSH is how the machine is reached: once for each record is enough.
        kind === 'ssm' ? [{ record, when: 'before', then: 'resume' }, { record, when: 'after', then: 'gc' }]
          : [record % 2 === 0 ? { record, when: 'before', then: 'gc' } : { record, when: 'after', then: 'resume' }]
      ));
      const bad = await inLanes(lanes, kills, async (lane, kill) => {
        const place = await newPlace(lane, planFile, bootTest);
        const { killed, answer: survived } = await builds.run({ ...killable(place), kill }, lane.environment);
        const { outcome, hadRemains } = await lane.ask({ ask: 'settle', place, by: kill.then });
        const view = await lane.ask({ ask: 'look', place });
        const right = view.wrong.length === 0 && (kill.then === 'gc' || (view.images === 1 && ['built', 'unchanged'].includes(outcome!.status)));
        count.killed({ ...kill, kind, killed, hadRemains, images: view.images, left: view.left.length });
        return right && view.left.length === 0 ? [] : tell({ kill, killed, survived, outcome, hadRemains, view });
      });
      expect(bad.flat()).toEqual([]);
    }, 3_600_000);

    test('whose calls fail once succeeds or says why, and leaves the image once or not at all, and nothing else', async () => {
      const calls = await callsOf(planFile, bootTest);
      // Over SSH, those that it does not make over SSM as well.
      const others = kind === 'ssm' ? [] : faultsOf(await callsOf(faultPlan(folder, 'ssm', ACCOUNT), false)).map((fault) => JSON.stringify(fault));
      const faults = faultsOf(calls).filter((fault) => !others.includes(JSON.stringify(fault)));
      const bad = await inLanes(lanes, faults, async (lane, fault) => {
        const place = await newPlace(lane, planFile, bootTest);
        const { outcome, calls: made } = await lane.ask({ ask: 'build', place, fault });
        const met = made.filter((call) => isOf(call, fault)).length >= fault.nth;
        const built = outcome.status === 'built';
        const before = await lane.ask({ ask: 'look', place });
        const by = before.left.length === 0 ? undefined : cases % 2 === 0 ? 'resume' : 'gc';
        const later = by && !built ? await lane.ask({ ask: 'settle', place, by }) : undefined;
        const view = later ? await lane.ask({ ask: 'look', place }) : before;
        count.faulted({ ...fault, kind, fault: fault.kind, met, built, by, images: view.images, left: view.left.length });
        const isClear = built || (outcome.error !== undefined && outcome.error.kind !== 'internal');
        const right = isRight(view) && (view.images === 1 || (!built && by !== 'resume'));
        return isClear && right ? [] : tell({ fault, met, outcome, by, later, view });
      });
      expect(bad.flat()).toEqual([]);
    }, 3_600_000);
  });
});

function killable({ planFile, bootTest, stateFolder, outputFolder }: FaultPlace) {
  return { planFile, bootTest, stateFolder, outputFolder, host: { kind: 'ec2' } } as const;
}

/** At once: the others take minutes. */
function tell<T extends object>(bad: T): readonly T[] {
  process.stderr.write(`${JSON.stringify(bad)}\n`);
  return [bad];
}

function isRight({ wrong, left }: FaultView): boolean {
  return wrong.length === 0 && left.length === 0;
}

function isOf(call: LoggedCall, { service, action, region }: CallFault): boolean {
  return call.service === service && call.action === action && call.region === region;
}

/** Each call of a build with each fault: those that change something wherever they occur, the others once. */
function faultsOf(calls: readonly LoggedCall[]): readonly CallFault[] {
  const faults: CallFault[] = [];
  for (const [index, { service, action, region }] of calls.entries()) {
    const nth = calls.slice(0, index + 1).filter((call) => isOf(call, { service, action, region, nth: 0, kind: 'throttle' })).length;
    const isReading = READING.test(action);
    if (isReading && nth > 1) { continue; }
    // Who may not remove what is staged leaves it to the bucket, which keeps it for a day; a lease says nothing on a published image.
    const mayBeDenied = !['DeleteObject', 'DeleteTags'].includes(action);
    const kinds: readonly FaultKind[] = isReading ? ANY : [...ANY, 'error-500-after-effect', ...mayBeDenied ? ['access-denied'] as const : []];
    faults.push(...kinds.map((kind) => ({ service, action, region, nth, kind })));
  }
  return faults;
}
