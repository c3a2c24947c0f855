import type { FaultPlace } from '../support/fault-case';
import { FaultCount } from '../support/fault-count';
import { FaultLanes, tell } from '../support/fault-lanes';
import { FAULT_ACCOUNT, faultPlan } from '../support/fault-plan';
import { KilledBuilds } from '../support/killed-builds';
import { inLanes } from '../support/lanes';

/** Every so manieth kill is tried together with everything else; all of them take as long as all else on EC2. */
const STRIDES = process.env.KILLS === 'some' ? { ssm: 3, ssh: 5 } : { ssm: 1, ssh: 1 };

interface Kill {
  readonly record: number;
  readonly when: 'before' | 'after';
  readonly then: 'resume' | 'gc';
}

describe('a build of an AMI and its copy', () => {
  let place: FaultLanes;
  let builds: KilledBuilds;
  beforeAll(async () => {
    builds = new KilledBuilds(['ec2']);
    place = await FaultLanes.start(4);
  }, 300_000);
  afterAll(async () => {
    await place?.stop();
    builds?.dispose();
  }, 60_000);

  test.each([['ssm', false], ['ssh', true]] as const)(
    'over %s that is killed at any record of its journal leaves the image once or not at all, and nothing else', async (kind, bootTest) => {
      const { lanes, folder } = place;
      const count = new FaultCount();
      const planFile = faultPlan(folder, kind, FAULT_ACCOUNT);
      const clean = await place.newPlace(lanes[0], planFile, bootTest);
      const { answer, stderr } = await builds.run(killable(clean), lanes[0].environment);
      expect({ status: answer?.outcome.status, error: answer?.outcome.error, stderr }).toEqual({ status: 'built', error: undefined, stderr: '' });
      const kills = Array.from({ length: answer!.records }, (_, i) => i + 1).flatMap((record): Kill[] => (
        [{ record, when: 'before', then: 'resume' }, { record, when: 'after', then: 'gc' }]
      )).filter((_, i) => i % STRIDES[kind] === 0);
      const bad = await inLanes(lanes, kills, async (lane, kill) => {
        const here = await place.newPlace(lane, planFile, bootTest);
        const { killed, answer: survived } = await builds.run({ ...killable(here), kill }, lane.environment);
        const { outcome, hadRemains } = await lane.ask({ ask: 'settle', place: here, by: kill.then });
        const view = await lane.ask({ ask: 'look', place: here });
        const right = view.wrong.length === 0 && (kill.then === 'gc' || (view.images === 1 && ['built', 'unchanged'].includes(outcome!.status)));
        count.killed({ ...kill, kind, killed, hadRemains, images: view.images, left: view.left.length });
        return right && view.left.length === 0 ? [] : tell({ kill, killed, survived, outcome, hadRemains, view });
      });
      count.print();
      expect(bad.flat()).toEqual([]);
    }, 3_600_000,
  );
});

function killable({ planFile, bootTest, stateFolder, outputFolder }: FaultPlace) {
  return { planFile, bootTest, stateFolder, outputFolder, host: { kind: 'ec2' } } as const;
}
