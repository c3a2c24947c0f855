import { LayerPolicy } from '../../lib/engine/layer-policy';
import { samplePlan } from '../support/sample-plan';

const plan = samplePlan();
const keys = { layers: ['source', 'a', 'b', 'c'], build: 'build' };
const policy = (previous?: readonly string[], checkpoints: readonly number[] = []) =>
  new LayerPolicy({ ...plan, builder: { ...plan.builder, checkpoints } }, keys, previous, () => 2);

test('without a history the disk is saved where the work since the last time is worth three times the cost', () => {
  expect([0, 1, 2].map((index) => policy().hold(index))).toEqual([6, 6, 6]);
  expect(policy().isDue(1, 5.9)).toBe(false);
  expect(policy().isDue(1, 6)).toBe(true);
});

test('the disk is always saved before the instruction that changed since the last build', () => {
  expect([0, 1, 2].map((index) => policy(['source', 'a', 'other', 'third']).hold(index))).toEqual(['always', 6, 6]);
  expect(policy(['source', 'a', 'other']).isDue(0, 0)).toBe(true);
});

test('an instruction that was added counts as changed', () => {
  expect([0, 1, 2].map((index) => policy(['source', 'a', 'b']).hold(index))).toEqual([6, 'always', 6]);
});

test('where the source or nothing changed, only the cost decides', () => {
  expect([0, 1, 2].map((index) => policy(['elsewhere', 'x', 'y', 'z']).hold(index))).toEqual([6, 6, 6]);
  expect([0, 1, 2].map((index) => policy(keys.layers).hold(index))).toEqual([6, 6, 6]);
});

test('the disk is always saved where the user asks for it', () => {
  expect([0, 1, 2].map((index) => policy(undefined, [2]).hold(index))).toEqual([6, 6, 'always']);
});
