import { childOf, planOf } from './sample-assembly';
import type { ParsedPlan } from '../../lib/cli/app/plans';
import { buildInOrder } from '../../lib/cli/build-order';
import type { Plan } from '../../lib/plan/model';
import type { BuildOutcome } from '../../lib/ports/events';

const base = planOf('Base');
const parsed = (...plans: readonly Plan[]): ParsedPlan[] => plans.map((plan) => ({ plan, file: '' }));
const outcome = (status: BuildOutcome['status']): BuildOutcome => ({ status, definitionHash: '', seconds: 0 });

/** Records when builds begin and end; each takes a few turns. */
function recorder(statuses: { readonly [image: string]: BuildOutcome['status'] } = {}) {
  const log: string[] = [];
  let running = 0;
  let most = 0;
  return {
    log,
    most: () => most,
    build: async ({ plan }: ParsedPlan) => {
      most = Math.max(most, ++running);
      log.push(`begin ${plan.image}`);
      for (let i = 0; i < 5; i++) { await Promise.resolve(); }
      log.push(`end ${plan.image}`);
      running--;
      return outcome(statuses[plan.image] ?? 'built');
    },
    withoutParent: ({ plan }: ParsedPlan, parent: ParsedPlan) => {
      log.push(`${plan.image} without ${parent.plan.image}`);
      return outcome('failed');
    },
  };
}

test('an image is built after the one it starts from, wherever they stand', async () => {
  const child = childOf(base, 'Child');
  const record = recorder();
  const outcomes = await buildInOrder(parsed(childOf(child, 'Grandchild'), child, base), { parallel: 4, ...record });
  expect(record.log).toEqual(['begin Base', 'end Base', 'begin Child', 'end Child', 'begin Grandchild', 'end Grandchild']);
  expect(outcomes.map(({ status }) => status)).toEqual(['built', 'built', 'built']);
});

test('independent images are built at the same time, but no more than allowed', async () => {
  const record = recorder();
  await buildInOrder(parsed(...['A', 'B', 'C', 'D', 'E'].map((image) => planOf(image))), { parallel: 2, ...record });
  expect(record.most()).toBe(2);
  expect(record.log.filter((line) => line.startsWith('end'))).toHaveLength(5);
});

test('an image that waits for its parent holds no place of others', async () => {
  const record = recorder();
  await buildInOrder(parsed(childOf(base, 'Child'), base, planOf('Other')), { parallel: 1, ...record });
  expect(record.log).toEqual(['begin Base', 'end Base', 'begin Other', 'end Other', 'begin Child', 'end Child']);
});

test('an unchanged parent is as good as a built one', async () => {
  const record = recorder({ Base: 'unchanged' });
  await buildInOrder(parsed(base, childOf(base, 'Child')), { parallel: 1, ...record });
  expect(record.log).toContain('end Child');
});

test('without its parent an image is not built, and neither is what starts from it', async () => {
  const child = childOf(base, 'Child');
  const record = recorder({ Base: 'failed' });
  const outcomes = await buildInOrder(parsed(base, child, childOf(child, 'Grandchild'), planOf('Other')), { parallel: 1, ...record });
  expect(record.log).toEqual(['begin Base', 'end Base', 'begin Other', 'Child without Base', 'Grandchild without Child', 'end Other']);
  expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed', 'built']);
});

test('a parent that was not asked for is left to the host', async () => {
  const record = recorder();
  await buildInOrder(parsed(childOf(base, 'Child')), { parallel: 1, ...record });
  expect(record.log).toEqual(['begin Child', 'end Child']);
});
