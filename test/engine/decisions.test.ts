import { appendFileSync, readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { text } from 'stream/consumers';
import type { Entrance } from '../../lib/ports/attachment';
import type { FailedWork, FailureDecision, Operator } from '../../lib/ports/operator';
import { runOf } from '../support/bundle-machine';
import { canStartMachines } from '../support/chroot-machine';
import { BuildBench, testPlan, type TestBuild } from '../support/test-build';

const append = (word: string) => runOf(`echo ${word} >>/srv/words`, { origin: word });
/** Fails until somebody, or it itself, has made a file. */
const flaky = runOf('[ -e /srv/once ] || { touch /srv/once; echo "no mirror, token $TOKEN" >&2; exit 3; }; echo flaky >>/srv/words', {
  origin: 'Flaky', secrets: { TOKEN: 'token' },
});
/** All that was appended, each once and in order. */
const words = (...all: string[]) => ({
  type: 'command', resource: 'echo $(cat /srv/words)', attributes: { 'exit-status': 0, 'stdout': [`/^${all.join(' ')}$/`] }, origin: 'Words',
}) as const;
const SECRETS = { secrets: { token: { from: { type: 'ssm', name: '/token' } } } } as never;

const events = ({ events: all }: TestBuild, type: string) => (
  all.filter((event) => event.type === type) as readonly { readonly [key: string]: unknown }[]
);

(canStartMachines ? describe : describe.skip)('a person who watches a build', () => {
  let bench: BuildBench;
  let asked: FailedWork[];
  beforeEach(() => {
    bench = new BuildBench();
    asked = [];
  });
  afterEach(() => bench.dispose());

  /** Decides one after the other. */
  function deciding(...decisions: (FailureDecision | ((entrance: Entrance) => Promise<FailureDecision>))[]): Operator {
    return {
      onFailure: async (failure, entrance) => {
        asked.push(failure);
        const next = decisions.shift()!;
        return typeof next === 'function' ? next(entrance) : next;
      },
    };
  }

  async function onMachine(entrance: Entrance, command: string, unpublished = true): Promise<string> {
    const attachment = await entrance.attach(command, { unpublished });
    attachment.stdin.end();
    const [out] = await Promise.all([text(attachment.stdout), text(attachment.stderr), attachment.ended]);
    return out;
  }

  describe('after an instruction that failed', () => {
    test('has it done again, on the same machine; what stands around it runs once, and the image is published', async () => {
      const plan = testPlan([append('one'), flaky, append('three')], [words('one', 'flaky', 'three')], SECRETS);
      const built = await bench.build(plan, { operator: deciding('retry') });

      expect(built.outcome).toMatchObject({ status: 'built' });
      expect(asked).toEqual([{
        path: `${plan.image}/Flaky`,
        message: 'Instruction 2 of 3 (run) ended with exit code 3:\n  no mirror, token ***',
        choices: ['retry', 'skip', 'cleanup', 'abort'],
      }]);
      expect(bench.host.acts.filter((act) => act.startsWith('launch'))).toEqual(['launch 0']);
      expect(events(built, 'instruction.finished').map(({ index, ok }) => [index, ok])).toEqual([[0, true], [1, false], [1, true], [2, true]]);
      const [{ manifest }] = [...bench.host.artifacts.values()];
      expect(manifest.instructions).toMatchObject([{ index: 0, attempts: 1 }, { index: 1, exitCode: 0, attempts: 2 }, { index: 2, attempts: 1 }]);
      expect(bench.journals()).toContain('"act":"decision","detail":{"instruction":1,"error":"instruction-failed","decision":"retry"}');
      expect(bench.journals()).not.toContain('value of');
    });

    test('may have one between bundles done again, too', async () => {
      const local = { type: 'local', origin: 'Local', command: ['sh', '-c', `[ -e ${bench.folder}/once ] || { touch ${bench.folder}/once; exit 1; }`], environment: {}, timeoutSeconds: 10 } as const;
      const built = await bench.build(testPlan([append('one'), local, append('two')], [words('one', 'two')]), { operator: deciding('retry') });
      expect(built.outcome).toMatchObject({ status: 'built' });
      expect(asked).toHaveLength(1);
    });

    test('may skip it: the rest runs, and nothing is published, nor saved as a layer that lies', async () => {
      bench.host.checkpointSeconds = 0;
      const plan = testPlan([append('one'), runOf('exit 7', { origin: 'Broken' }), append('three')], [words('one', 'three')]);
      const built = await bench.build(plan, { operator: deciding('skip', 'cleanup') });

      expect(built.outcome).toMatchObject({ status: 'failed', error: { code: 'not-published', kind: 'instruction', path: plan.image } });
      expect(built.outcome.error!.message).toBe('Not published, since the image is not what its definition says: instruction 2 was skipped');
      expect(events(built, 'check.finished').map(({ outcome }) => outcome)).toEqual(['passed', 'passed']);
      expect(events(built, 'layer.saved').map(({ after }) => after)).toEqual([1]);
      expect([...bench.host.artifacts.values()]).toEqual([]);
      expect(asked[1]).toMatchObject({ choices: ['cleanup', 'abort'] });
      expect(bench.leftovers()).toEqual([]);
      // WHEN the definition is mended THEN only the layer from before is used
      const mended = await bench.build(testPlan([append('one'), append('two'), append('three')], [words('one', 'two', 'three')]));
      expect(mended.outcome).toMatchObject({ status: 'built' });
      expect(events(mended, 'instruction.cached')).toHaveLength(1);
    });

    test('may end the build, which removes the machine', async () => {
      const built = await bench.build(testPlan([runOf('exit 7')]), { operator: deciding('cleanup') });
      expect(built.outcome).toMatchObject({ status: 'failed', error: { code: 'instruction-failed' } });
      expect(bench.leftovers()).toEqual([]);
    });

    test('may end the build and leave the machine', async () => {
      const built = await bench.build(testPlan([runOf('exit 7')]), { operator: deciding('abort') });
      expect(built.outcome).toMatchObject({ status: 'failed', error: { code: 'instruction-failed' } });
      expect(bench.leftovers()).toEqual([expect.stringMatching(/^machine /)]);
    });

    test('may enter the machine and mend it; the build goes on to see what else fails, and is not published', async () => {
      const mend = async (entrance: Entrance): Promise<FailureDecision> => {
        expect(await onMachine(entrance, 'cat /srv/words; touch /srv/mended')).toBe('one\n');
        return 'retry';
      };
      const built = await bench.build(testPlan([append('one'), runOf('test -e /srv/mended'), append('three')]), { operator: deciding(mend, 'cleanup') });
      expect(events(built, 'instruction.finished').map(({ index, ok }) => [index, ok])).toEqual([[0, true], [1, false], [1, true], [2, true]]);
      expect(built.outcome.error).toMatchObject({ code: 'not-published', message: expect.stringContaining(': its machine was entered') });
    });
  });

  describe('after checks that failed', () => {
    const failing = [{ type: 'file', resource: '/srv/words', attributes: { exists: true, contents: ['two'] }, origin: 'Words' }] as const;

    test('has them held again', async () => {
      const built = await bench.build(testPlan([append('one')], failing), {
        operator: deciding(async () => {
          const [machine] = [...bench.host.machines];
          appendFileSync(join(machine.root, 'srv/words'), 'two\n');
          return 'retry';
        }),
      });
      expect(asked).toMatchObject([{ message: expect.stringContaining('1 check failed') }]);
      expect(built.outcome).toMatchObject({ status: 'built' });
    });

    test('may skip them, and nothing is published', async () => {
      const built = await bench.build(testPlan([append('one')], failing), { operator: deciding('skip', 'cleanup') });
      expect(built.outcome.error).toMatchObject({ code: 'not-published', kind: 'check', message: expect.stringContaining(': checks that failed were skipped') });
      expect([...bench.host.artifacts.values()]).toEqual([]);
    });
  });

  test('is not asked where there is nothing to decide: a machine that does not start', async () => {
    bench.host.during = (act) => { if (act === 'launch') { throw new Error('no capacity'); } };
    const built = await bench.build(testPlan([append('one')]), { operator: deciding() });
    expect(built.outcome).toMatchObject({ status: 'failed' });
    expect(asked).toEqual([]);
  });

  describe('before each instruction', () => {
    test('is asked, one after the other, when the one before has ended', async () => {
      const seen: string[] = [];
      const operator: Operator = {
        beforeInstruction: async ({ index, count, path, what }) => {
          const [machine] = [...bench.host.machines];
          seen.push(`${index + 1}/${count} ${path.split('/').pop()} ${what}: ${readdirSync(join(machine.root, 'srv')).map((name) => readFileSync(join(machine.root, 'srv', name), 'utf8').trim()).join()}`);
          return 'go-on';
        },
      };
      const built = await bench.build(testPlan([append('one'), append('two')]), { operator });
      expect(built.outcome).toMatchObject({ status: 'built' });
      expect(seen).toEqual(['1/2 one run echo one >>/srv/words: ', '2/2 two run echo two >>/srv/words: one']);
    });

    test('may quit', async () => {
      const operator: Operator = { beforeInstruction: async ({ index }) => (index === 1 ? 'quit' : 'go-on') };
      const built = await bench.build(testPlan([append('one'), append('two')]), { operator });
      expect(built.outcome).toMatchObject({ status: 'failed', error: { code: 'quit', kind: 'interrupted' } });
      expect(events(built, 'instruction.started')).toHaveLength(1);
      expect(bench.leftovers()).toEqual([]);
    });
  });
});
