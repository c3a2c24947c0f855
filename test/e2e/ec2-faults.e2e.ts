import type { FaultKind } from '../support/cloud/faults';
import type { LoggedCall } from '../support/cloud/server';
import type { FaultView } from '../support/fault-case';
import { FaultCount } from '../support/fault-count';
import { FaultLanes, tell } from '../support/fault-lanes';
import { FAULT_ACCOUNT, faultPlan } from '../support/fault-plan';
import { inLanes } from '../support/lanes';

const READING = /^(Describe|Get|List|Head)/;

const ANY: readonly FaultKind[] = ['throttle', 'error-500', 'timeout-after-effect', 'not-found'];

interface CallFault {
  readonly service: string;
  readonly action: string;
  readonly region: string;
  readonly nth: number;
  readonly kind: FaultKind;
}

describe('a build of an AMI and its copy', () => {
  let place: FaultLanes;
  beforeAll(async () => { place = await FaultLanes.start(6); }, 300_000);
  afterAll(() => place?.stop(), 60_000);

  /** What a build calls where nothing fails. */
  async function callsOf(planFile: string, bootTest: boolean): Promise<readonly LoggedCall[]> {
    const [lane] = place.lanes;
    const { outcome, calls } = await lane.ask({ ask: 'build', place: await place.newPlace(lane, planFile, bootTest) });
    expect({ status: outcome.status, error: outcome.error }).toEqual({ status: 'built', error: undefined });
    return calls;
  }

  test.each([['ssm', false], ['ssh', true]] as const)(
    'over %s whose calls fail once succeeds or says why, and leaves the image once or not at all, and nothing else', async (kind, bootTest) => {
      const { lanes, folder } = place;
      const count = new FaultCount();
      const planFile = faultPlan(folder, kind, FAULT_ACCOUNT);
      const calls = await callsOf(planFile, bootTest);
      // Over SSH, those that it does not make over SSM as well.
      const others = kind === 'ssm' ? [] : faultsOf(await callsOf(faultPlan(folder, 'ssm', FAULT_ACCOUNT), false)).map((fault) => JSON.stringify(fault));
      const faults = faultsOf(calls).filter((fault) => !others.includes(JSON.stringify(fault)));
      const bad = await inLanes(lanes, [...faults.entries()], async (lane, [index, fault]) => {
        const here = await place.newPlace(lane, planFile, bootTest);
        const { outcome, calls: made } = await lane.ask({ ask: 'build', place: here, fault });
        const met = made.filter((call) => isOf(call, fault)).length >= fault.nth;
        const built = outcome.status === 'built';
        const before = await lane.ask({ ask: 'look', place: here });
        const by = before.left.length === 0 ? undefined : index % 2 === 0 ? 'resume' : 'gc';
        const later = by && !built ? await lane.ask({ ask: 'settle', place: here, by }) : undefined;
        const view = later ? await lane.ask({ ask: 'look', place: here }) : before;
        count.faulted({ ...fault, kind, fault: fault.kind, met, built, by, images: view.images, left: view.left.length });
        const isClear = built || (outcome.error !== undefined && outcome.error.kind !== 'internal');
        const right = isRight(view) && (view.images === 1 || (!built && by !== 'resume'));
        return isClear && right ? [] : tell({ fault, met, outcome, by, later, view });
      });
      count.print();
      expect(bad.flat()).toEqual([]);
    }, 3_600_000,
  );
});

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
