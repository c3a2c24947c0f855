import { putOf } from '../support/bundle-machine';
import { canStartMachines } from '../support/chroot-machine';
import { BuildBench, testPlan } from '../support/test-build';

const plan = testPlan([putOf('x', '/srv/x', { origin: 'File' })], [{ type: 'file', resource: '/srv/x', attributes: { exists: true }, origin: '' }]);

(canStartMachines ? describe : describe.skip)('a boot test (needs root)', () => {
  let bench: BuildBench;
  beforeEach(() => { bench = new BuildBench(); });
  afterEach(() => bench.dispose());

  test('that is asked for is held even where an artifact is there that was never booted', async () => {
    await bench.build(plan);
    bench.host.acts.splice(0);

    const { outcome } = await bench.build(plan, { bootTest: true });

    expect(outcome.status).toBe('built');
    expect(bench.host.acts).toContain('boot');
  });

  test('that was held needs not be held again', async () => {
    await bench.build(plan, { bootTest: true });

    expect((await bench.build(plan, { bootTest: true })).outcome.status).toBe('unchanged');
    expect((await bench.build(plan)).outcome.status).toBe('unchanged');
  });
});
