import { rmSync } from 'fs';
import { join } from 'path';
import { runOf } from '../support/bundle-machine';
import { canStartMachines } from '../support/chroot-machine';
import { BuildBench, testPlan, type TestBuild } from '../support/test-build';

const append = (word: string) => runOf(`echo ${word} >>/srv/words`, { origin: word });
const words = (...all: string[]) => [{ type: 'file', resource: '/srv/words', attributes: { exists: true, contents: all }, origin: 'Words' }] as const;
const cached = ({ events }: TestBuild) => events.filter((e) => e.type === 'instruction.cached').length;

(canStartMachines ? describe : describe.skip)('layers', () => {
  let bench: BuildBench;
  beforeEach(() => { bench = new BuildBench(); });
  afterEach(() => bench.dispose());

  test('a change in the last instruction runs only what follows the checkpoint before it', async () => {
    // GIVEN an image that was built, and changed twice in its last instruction
    await bench.build(testPlan([append('one'), append('two'), append('three')]));
    const second = await bench.build(testPlan([append('one'), append('two'), append('four')]));
    expect(second.events).toContainEqual(expect.objectContaining({ type: 'layer.saved', after: 2 }));
    // WHEN
    const third = await bench.build(testPlan([append('one'), append('two'), append('five')], words('one', 'two', 'five')));
    // THEN
    expect(third.outcome).toMatchObject({ status: 'built' });
    expect(cached(third)).toBe(2);
    expect(bench.host.acts).toContain('launch 2');
    const [, , last] = [...bench.host.artifacts.values()];
    expect(last.manifest.instructions).toMatchObject([{ cached: true }, { cached: true }, { cached: false }]);
  });

  test('the build after a failure starts before the instruction that was mended', async () => {
    await bench.build(testPlan([append('one'), runOf('exit 1')]));
    await bench.build(testPlan([append('one'), runOf('exit 2')]));
    const third = await bench.build(testPlan([append('one'), append('two')], words('one', 'two')));
    expect(third.outcome).toMatchObject({ status: 'built' });
    expect(cached(third)).toBe(1);
  });

  test('a checkpoint is taken where the user asks, and where it pays', async () => {
    const plan = testPlan([append('one'), append('two'), append('three')]);
    const asked = await bench.build({ ...plan, builder: { ...plan.builder, checkpoints: [1] } });
    expect(asked.events.flatMap((e) => (e.type === 'layer.saved' ? [e.after] : []))).toEqual([2]);
    bench.host.checkpointSeconds = 0;
    const free = await bench.build(plan, { useCache: false });
    expect(free.events.flatMap((e) => (e.type === 'layer.saved' ? [e.after] : []))).toEqual([1, 2, 3]);
  });

  test('with --no-cache nothing is found, and what is built is saved all the same', async () => {
    bench.host.checkpointSeconds = 0;
    const plan = testPlan([append('one')]);
    await bench.build(plan);
    const again = await bench.build(plan, { useCache: false });
    expect(again.outcome.status).toBe('built');
    expect(cached(again)).toBe(0);
    expect(again.events).toContainEqual(expect.objectContaining({ type: 'layer.saved' }));
  });

  test('where only the checks changed, no instruction runs again', async () => {
    bench.host.checkpointSeconds = 0;
    await bench.build(testPlan([append('one')]));
    const second = await bench.build(testPlan([append('one')], words('one')));
    expect(second.outcome).toMatchObject({ status: 'built' });
    expect(cached(second)).toBe(1);
  });

  test('a layer behind a file that was to be fetched is used only while that file is there', async () => {
    bench.host.checkpointSeconds = 0;
    const get = { type: 'get', source: '/srv/words', destination: 'logs/words', origin: 'Get' } as const;
    await bench.build(testPlan([append('one'), get, append('two')]));
    expect(cached(await bench.build(testPlan([append('one'), get, append('three')])))).toBe(2);
    rmSync(join(bench.outputFolder, 'Stack-Web', 'files'), { recursive: true });
    expect(cached(await bench.build(testPlan([append('one'), get, append('four')])))).toBe(1);
  });

  describe('a preview', () => {
    test('of an image that was never built says that all would run', async () => {
      const plan = testPlan([append('one'), append('two')]);
      expect(await bench.preview(plan)).toMatchObject({
        image: 'Stack/Web',
        cached: 0,
        artifact: undefined,
        reasons: ['it was not built here before'],
        source: { id: 'source-1' },
        instructions: [{ index: 0, type: 'run', origin: 'one', action: 'run' }, { index: 1, action: 'run' }],
      });
      expect(bench.host.acts).toEqual([]);
    });

    test('of an unchanged image names its artifact and runs nothing', async () => {
      const plan = testPlan([append('one')]);
      const { outcome } = await bench.build(plan);
      expect(await bench.preview(plan)).toMatchObject({ artifact: outcome.artifact, instructions: [{ action: 'cached' }], reasons: [] });
      expect(await bench.preview(plan, false)).toMatchObject({ artifact: undefined, instructions: [{ action: 'run' }] });
    });

    test('tells what is cached, what would run, and why', async () => {
      bench.host.checkpointSeconds = 0;
      await bench.build(testPlan([append('one'), append('two')]));
      expect(await bench.preview(testPlan([append('one'), append('three')]))).toMatchObject({
        cached: 1, instructions: [{ action: 'cached' }, { action: 'run' }], reasons: ['instruction 2 (run, three) is another one'],
      });
      bench.host.source = 'source-2';
      expect((await bench.preview(testPlan([append('one'), append('two')]))).reasons).toEqual(['the source resolves to another one']);
    });

    test('of an image whose last build failed says so', async () => {
      const plan = testPlan([runOf('exit 1')]);
      await bench.build(plan);
      expect((await bench.preview(plan)).reasons).toEqual(['the last build of it failed']);
    });
  });
});
