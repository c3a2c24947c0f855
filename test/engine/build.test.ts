import { execFileSync } from 'child_process';
import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { setTimeout as sleep } from 'timers/promises';
import { GoldenError } from '../../lib/errors';
import type { Check } from '../../lib/plan/checks';
import { putOf, runOf } from '../support/bundle-machine';
import { canStartMachines } from '../support/chroot-machine';
import { ACTS, type Act } from '../support/fake-host';
import { BuildBench, testPlan } from '../support/test-build';

const motd: Check = { type: 'file', resource: '/etc/motd', attributes: { exists: true, contents: ['hello'] }, origin: 'Motd/Check' };
const simple = testPlan([runOf('echo hello >/etc/motd', { origin: 'Motd' }), putOf('x', '/srv/x', { origin: 'File' })], [motd]);

(canStartMachines ? describe : describe.skip)('a build', () => {
  let bench: BuildBench;
  beforeEach(() => { bench = new BuildBench(); });
  afterEach(() => bench.dispose());

  test('goes through all its phases in order, and leaves an artifact with its manifest and nothing else', async () => {
    const { outcome, events } = await bench.build(simple, { bootTest: true });

    expect(outcome).toMatchObject({ status: 'built', definitionHash: simple.definitionHash, buildKey: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(bench.host.acts).toEqual(['launch 0', 'stop', 'capture', 'destroy', 'boot', 'destroy', 'publish']);
    expect(events.flatMap((e) => (e.type === 'phase.started' ? [e.phase] : [])))
      .toEqual(['resolve', 'lock', 'launch', 'connect', 'provision', 'check', 'clean', 'stop', 'capture', 'boot-test', 'publish', 'destroy']);
    expect(events[0].type).toBe('build.started');
    expect(events[events.length - 1]).toEqual({ type: 'build.finished', ...outcome });
    expect(events.filter((e) => e.type === 'check.finished').map((e) => (e.type === 'check.finished' ? [e.phase, e.check, e.attribute, e.outcome] : []))).toEqual([
      ['check', 'file /etc/motd', 'exists', 'passed'], ['check', 'file /etc/motd', 'contents', 'passed'],
      ['boot-test', 'file /etc/motd', 'exists', 'passed'], ['boot-test', 'file /etc/motd', 'contents', 'passed'],
    ]);
    expect(bench.leftovers()).toEqual([]);

    const [{ manifest, buildKey }] = bench.host.artifacts.values();
    expect(buildKey).toBe(outcome.buildKey);
    expect(manifest).toMatchObject({
      version: 1,
      image: 'Stack/Web',
      definitionHash: simple.definitionHash,
      deliveryHash: simple.deliveryHash,
      buildKey,
      toolVersion: '1.2.3',
      source: { id: 'source-1', description: 'a folder' },
      host: { kind: 'sandbox', machine: 'chroot in namespaces', communicator: 'exec' },
      instructions: [
        { index: 0, type: 'run', origin: 'Motd', cached: false, exitCode: 0, attempts: 1 }, { index: 1, type: 'put', origin: 'File', cached: false, exitCode: 0 },
      ],
      checks: { provision: [], final: [{ outcome: 'passed' }, { outcome: 'passed' }], bootTest: [{ outcome: 'passed' }, { outcome: 'passed' }] },
      cleaned: expect.arrayContaining([expect.stringMatching(/^\/var\/tmp: \d+ entries$/)]),
      files: [{ name: 'root', bytes: 1, sha256: 'f'.repeat(64) }],
    });
    expect(execFileSync('find', [outcome.artifact!.id, '-name', 'golden*']).toString()).toBe('');
  });

  test('reads no more from its machine while whoever is told of it is behind', async () => {
    const events: string[] = [];
    let caughtUp: () => void;
    const behind = new Promise<void>((resolve) => { caughtUp = resolve; });
    const building = bench.build(testPlan([runOf('echo first'), runOf('echo second')]), {
      report: ({ type }) => { events.push(type); },
      caughtUp: () => (events.includes('instruction.output') ? behind : undefined),
    });
    while (!events.includes('instruction.output')) { await sleep(20); }
    await sleep(500);
    expect(events.filter((type) => type.startsWith('instruction.'))).toEqual(['instruction.started', 'instruction.output']);
    caughtUp!();
    expect((await building).outcome.status).toBe('built');
  });

  test('that was done before does nothing but say so', async () => {
    const first = await bench.build(simple);
    bench.host.acts.splice(0);
    const second = await bench.build(simple);
    expect(second.outcome).toMatchObject({ status: 'unchanged', buildKey: first.outcome.buildKey, artifact: first.outcome.artifact });
    expect(bench.host.acts).toEqual([]);
    expect(second.outcome.seconds).toBeLessThan(0.3);
    expect(readdirSync(join(bench.stateFolder, 'builds'))).toHaveLength(1);
    // AND with --no-cache it is done again
    expect((await bench.build(simple, { useCache: false })).outcome.status).toBe('built');
  });

  test('looks for an image before and after it has the lock; for none before, where nothing was built of the definition', async () => {
    await bench.build(simple);
    // A launch is expected as soon as it is known that nothing was built here: before or after the first look.
    expect(bench.host.lookUps.splice(0).sort()).toEqual(['artifact', 'artifact', 'launch', 'layer']);
    // WHEN there is one
    await bench.build(simple);
    expect(bench.host.lookUps.splice(0)).toEqual(['artifact']);
    // WHEN there is one that may have to be made to agree
    bench.host.differences = [];
    await bench.build(simple);
    expect(bench.host.lookUps.splice(0)).toEqual(['artifact']);
    bench.host.differences = undefined;
    // WHEN another computer has built it since the host was asked
    bench.host.isNew = true;
    expect((await bench.build(simple)).outcome.status).toBe('unchanged');
    expect(bench.host.lookUps.splice(0)).toEqual(['launch', 'layer', 'artifact']);
  });

  test('whose instruction fails says which, how, and its last words', async () => {
    const plan = testPlan([runOf('true'), runOf('for i in $(seq 30); do echo line $i >&2; done; exit 7', { origin: 'App/Install' }), runOf('touch /srv/never')]);
    const { outcome, events } = await bench.build(plan);
    expect(outcome).toMatchObject({
      status: 'failed', error: { code: 'instruction-failed', kind: 'instruction', path: 'Stack/Web/App/Install' },
    });
    expect(outcome.error!.message).toMatch(/^Instruction 2 of 3 \(run\) ended with exit code 7:\n {2}line 21\n(.*\n)*.* line 30$/);
    expect(events).toContainEqual(expect.objectContaining({ type: 'instruction.finished', index: 1, exitCode: 7, ok: false }));
    expect(bench.host.acts).toEqual(['launch 0', 'destroy']);
    expect(bench.leftovers()).toEqual([]);
  });

  test('whose check fails leaves no image', async () => {
    const { outcome } = await bench.build(testPlan([runOf('echo other >/etc/motd')], [motd]));
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'check-failed', kind: 'check', path: 'Stack/Web/Motd/Check' } });
    expect(outcome.error!.message).toContain('file /etc/motd: contents');
    expect(bench.host.acts).toEqual(['launch 0', 'destroy']);
    expect(bench.leftovers()).toEqual([]);
  });

  test('whose check fails only in the started image leaves no image either', async () => {
    const volatile = testPlan([runOf('echo hello >/tmp/motd')], [{ ...motd, resource: '/tmp/motd' }]);
    const { outcome } = await bench.build(volatile, { bootTest: true });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'check-failed', hint: expect.stringContaining('enabled') } });
    expect(bench.host.artifacts.size).toBe(0);
    expect(bench.leftovers()).toEqual([]);
  });

  const withEverything = testPlan([runOf('true'), runOf('echo hello >/etc/motd')], [motd]);
  const checkpointed = { ...withEverything, builder: { ...withEverything.builder, checkpoints: [0] } };

  test.each(ACTS)('that fails in the act %s says why, and leaves nothing', async (act) => {
    bench.host.places = ['elsewhere'];
    bench.host.during = (now) => { if (now === act) { throw new GoldenError('made-up', 'as this test wants it'); } };
    const { outcome, events } = await bench.build(checkpointed, { bootTest: true });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'made-up', kind: 'environment', message: 'as this test wants it' } });
    expect(events[events.length - 1].type).toBe('build.finished');
    expect(bench.leftovers()).toEqual([]);
    expect(bench.host.artifacts.size).toBe(0);
  });

  test.each(ACTS)('that is interrupted in the act %s ends at once, and leaves nothing', async (act: Act) => {
    const controller = new AbortController();
    bench.host.places = ['elsewhere'];
    bench.host.during = (now) => {
      if (now !== act) { return; }
      controller.abort();
      // What a host does that heeds the signal.
      throw new GoldenError('interrupted', 'by the test', { kind: 'interrupted' });
    };
    const { outcome } = await bench.build(checkpointed, { bootTest: true, signal: controller.signal });
    expect(outcome).toMatchObject({ status: 'interrupted', error: { code: 'interrupted', kind: 'interrupted' } });
    expect(bench.leftovers()).toEqual([]);
    expect(bench.host.artifacts.size).toBe(0);
  });

  test('that is interrupted in the middle of an instruction ends at once, and leaves nothing', async () => {
    const controller = new AbortController();
    const { outcome } = await bench.build(testPlan([runOf('echo ready; sleep 60')]), {
      signal: controller.signal, report: (event) => { if (event.type === 'instruction.output') { controller.abort(); } },
    });
    expect(outcome.status).toBe('interrupted');
    expect(outcome.seconds).toBeLessThan(10);
    expect(bench.leftovers()).toEqual([]);
  });

  test('whose machine vanishes says so, and leaves nothing', async () => {
    const { outcome } = await bench.build(testPlan([runOf('echo ready; sleep 60')]), {
      report: (event) => { if (event.type === 'instruction.output') { bench.host.machines.forEach((machine) => void machine.crash()); } },
    });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'machine-lost', kind: 'environment' } });
    expect(outcome.seconds).toBeLessThan(10);
    expect(bench.leftovers()).toEqual([]);
  });

  test('that fails with --on-error abort leaves its machine alone, and says how to enter it and how to remove it', async () => {
    const { outcome, events } = await bench.build(testPlan([runOf('touch /srv/evidence; setsid sleep 600 & exit 1')]), { onError: 'abort' });
    expect(bench.host.machines.size).toBe(1);
    const [machine] = bench.host.machines;
    expect(readdirSync(join(machine.root, 'srv'))).toEqual(['evidence']);
    expect(events.flatMap((e) => (e.type === 'notice' && e.level === 'warning' ? [e.message] : []))).toEqual([
      expect.stringMatching(
        /^Look at the machine \w+ with golden shell ([0-9a-f]{16}), golden exec \1 -- COMMAND, or golden cp \1:\/PATH \.\nOr enter it with: .*nsenter -t \d+ .* \/bin\/sh$/,
      ),
      expect.stringMatching(/^Left as it is, .*\nRemove it with: golden gc --host sandbox$/),
    ]);
    expect(outcome.error?.hint).toBeUndefined();
    // AND the lock is free
    await machine.destroy();
    expect(bench.leftovers()).toEqual([]);
  });

  test('whose full disk is the one of this machine says so', async () => {
    bench.host.during = (act) => { if (act === 'capture') { throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }); } };
    const { outcome } = await bench.build(simple);
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'disk-full', kind: 'environment' } });
  });

  test('that another one does already waits for it, says whose it is, and adopts the result', async () => {
    const slow = testPlan([runOf('sleep 0.5; echo hello >/etc/motd')], [motd]);
    const [one, two] = await Promise.all([bench.build(slow), bench.build(slow)]);
    expect([one.outcome.status, two.outcome.status].sort()).toEqual(['built', 'unchanged']);
    expect(bench.host.acts.filter((act) => act.startsWith('launch'))).toHaveLength(1);
    const notices = [...one.events, ...two.events].flatMap((e) => (e.type === 'notice' ? [e.message] : []));
    expect(notices).toEqual([expect.stringMatching(new RegExp(`^Waiting for the build [0-9a-f]+ of Stack/Web, process ${process.pid} on `))]);
    expect(bench.leftovers()).toEqual([]);
  });

  test('of assets that were changed after synthesis is refused before anything is started', async () => {
    const asset = { asset: 'a'.repeat(64), kind: 'file' } as const;
    const { outcome } = await bench.build(testPlan([putOf('', '/srv/a', { content: asset, origin: 'A' }), runOf('', { script: asset, origin: 'B' })]));
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'invalid-plan', kind: 'invalid' } });
    expect(outcome.error!.message).toContain('Stack/Web/A: The asset');
    expect(bench.host.acts).toEqual([]);
  });

  test('keeps intents before acts in its journal, and ends it with its outcome', async () => {
    await bench.build(checkpointed, { bootTest: true });
    const records = bench.journals().trim().split('\n').map((line) => JSON.parse(line) as { type: string; act?: string });
    expect(records.filter(({ type }) => type === 'intent' || type === 'done').map(({ type, act }) => `${type} ${act}`)).toEqual([
      'intent launch', 'intent fake-launch', 'done launch', 'intent upload', 'done upload', 'intent checkpoint', 'intent fake-checkpoint', 'done checkpoint',
      'done provision', 'intent capture', 'intent fake-capture', 'done capture', 'intent boot', 'intent fake-boot', 'done boot', 'intent publish', 'intent fake-publish', 'done publish',
    ]);
    expect(records[0]).toMatchObject({ type: 'started', detail: { image: 'Stack/Web' } });
    expect(records[records.length - 1]).toMatchObject({ type: 'finished', detail: { status: 'built' } });
  });

  test('gives a secret to the instruction that names it, and keeps it out of everything else', async () => {
    const secret = 's3cr3t+"%Token\'/with$all&kinds';
    const plan = testPlan([
      runOf('printf %s "$TOKEN" | sha256sum; echo "raw $TOKEN"; printf %s "$TOKEN" | base64; echo "$TOKEN" >&2; ps -ef; exit 3', { secrets: { TOKEN: 'token' } }),
    ], [], { secrets: { token: { from: { type: 'environment', name: 'T' } } } });
    const { outcome, events } = await bench.build(plan, { values: { read: async () => secret } });
    expect(JSON.stringify(events)).toContain('raw ***');
    const sinks = JSON.stringify(events) + JSON.stringify(outcome) + bench.journals() + readdirSync(join(bench.stateFolder, 'history'))
      .map((name) => readFileSync(join(bench.stateFolder, 'history', name), 'utf8')).join('');
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), JSON.stringify(JSON.stringify(secret)).slice(3, -3), Buffer.from(secret).toString('base64')]) {
      expect(sinks).not.toContain(form);
    }
  });
});
