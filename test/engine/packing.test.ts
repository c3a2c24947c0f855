import type { BuildContext } from '../../lib/engine/build-context';
import type { Inputs } from '../../lib/engine/inputs';
import { LayerPolicy } from '../../lib/engine/layer-policy';
import { isAsPacked, packAhead, packBundle, type PackOptions } from '../../lib/engine/packing';
import type { Instruction } from '../../lib/plan/instructions';
import { putOf, runOf } from '../support/bundle-machine';
import { testPlan } from '../support/test-build';

const pause: Instruction = { type: 'pause', origin: 'Pause', seconds: 1 };
const all: PackOptions = { from: 0, to: 10, number: 0, savesLayers: true, sinceCheckpoint: 0 };

function packed(instructions: readonly Instruction[], options: Partial<PackOptions> = {}, stopsBeforeEach = false) {
  const { context, inputs, policy } = surroundings(instructions, stopsBeforeEach);
  return packBundle(context, inputs, policy, { ...all, to: instructions.length, ...options });
}

function surroundings(instructions: readonly Instruction[], stopsBeforeEach = false) {
  const plan = testPlan([...instructions]);
  const context = {
    folders: { payload: '/var/tmp/golden-b', state: '/run/golden-b' }, request: { plan, planFile: '/nowhere/plan.json' }, decisions: { stopsBeforeEach },
  } as unknown as BuildContext;
  const inputs = { parameters: {}, secrets: {} } as Inputs;
  const policy = new LayerPolicy(plan, { build: 'b', layers: instructions.map(String) }, undefined, () => 10);
  return { context, inputs, policy };
}

test('a bundle has all consecutive instructions that the machine executes by itself, up to a restart', () => {
  const indices = (bundle: ReturnType<typeof packed>) => bundle.instructions.map(({ index }) => index);
  expect(indices(packed([runOf('true'), putOf('x', '/x'), runOf('true')]))).toEqual([0, 1, 2]);
  expect(indices(packed([runOf('true'), putOf('x', '/x'), runOf('true')], { from: 1, to: 2 }))).toEqual([1]);
  expect(indices(packed([runOf('true'), runOf('reboot', { expectDisconnect: true }), runOf('true')]))).toEqual([0, 1]);
  expect(indices(packed([runOf('true'), pause, runOf('true')]))).toEqual([0]);
  expect(indices(packed([runOf('true'), runOf('true')], {}, true))).toEqual([0]);
  expect(packed([runOf('true')], { number: 3 })).toMatchObject({ payload: '/var/tmp/golden-b/3', state: '/run/golden-b/3' });
});

test('what was packed ahead is taken where it is what is to be executed, however much time has passed', async () => {
  const { context, inputs, policy } = surroundings([runOf('true'), runOf('true')]);
  const ahead = packAhead(context, inputs, policy, 0, 'ssh')!;
  expect(ahead.bundle.instructions).toHaveLength(2);
  expect((await ahead.load).whole!.length).toBeGreaterThan(1000);
  const same: PackOptions = { from: 0, to: 2, number: 0, savesLayers: true, sinceCheckpoint: 7 };
  expect(isAsPacked(ahead, same)).toBe(true);
  for (const change of [{ from: 1 }, { to: 1 }, { number: 1 }, { savesLayers: false }]) {
    expect(isAsPacked(ahead, { ...same, ...change })).toBe(false);
  }
});

test('nothing is packed ahead where the engine itself has the first turn, or nobody', () => {
  const { context, inputs, policy } = surroundings([pause, runOf('true')]);
  expect(packAhead(context, inputs, policy, 0, 'ssh')).toBeUndefined();
  expect(packAhead(context, inputs, policy, 2, 'ssh')).toBeUndefined();
});
