import { createHash } from 'crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { UserData } from 'aws-cdk-lib/aws-ec2';
import { checksOf } from './golden';
import { inLanes } from './lanes';
import { endOf, scenario, type Scenario } from './scenario';
import { scenarioCloud, type ScenarioCloud } from './scenario-cloud';
import { Check, FileSource, Provisioner } from '../../lib';

const MIB = 1024 * 1024;

/** Builds that run at the same time, where several do. */
const LANES = [1, 2, 3];

/** All that a build goes through where there was none before it, in this order. */
const STAGES = [
  'resolve', 'lock', 'launch', 'connect', 'cloud-init', 'provision', 'check', 'clean', 'stop', 'capture', 'boot-test', 'distribute', 'publish', 'destroy',
];

/** What builds of a user go through, over a communicator: each communicator has a file of its own, so that they run beside each other. */
export function describeScenarios(kind: 'ssm' | 'ssh'): void {
  /** Booted systems where a scenario is about the system; where it is about the build, machines that are up at once. */
  let booted: ScenarioCloud;
  let light: ScenarioCloud;
  beforeAll(async () => { [booted, light] = await Promise.all([scenarioCloud('booted'), scenarioCloud('light')]); });
  afterAll(async () => { await Promise.all([booted?.stop(), light?.stop()]); });

  const scenarios: Scenario[] = [];
  const declare = (cloud: ScenarioCloud, props: Parameters<typeof scenario>[2]): Scenario => {
    const one = scenario(cloud, kind, props);
    scenarios.push(one);
    return one;
  };
  afterEach(async () => {
    await Promise.all([booted.calm(), light.calm()]);
    const said = await inLanes(LANES, scenarios.splice(0), async (_lane, one) => {
      const { exitCode, stdout, stderr } = await one.command(['destroy', '--host', 'ec2', '--yes', '--app', 'cdk.out']);
      one.remove();
      return `${exitCode} ${stdout}${stderr}`;
    });
    for (const one of said) { expect(one).toMatch(/^0 /); }
  });

  /** However it ended: nothing is left, and nobody is told of an image. */
  const expectNothing = async (one: Scenario) => {
    expect(await one.leftovers()).toEqual([]);
    expect(await one.published()).toEqual({});
    expect(await one.parameters()).toEqual({});
  };

  test('leaves one image in each region with its parameter, and nothing else; the second time it does nothing', async () => {
    const one = declare(booted, {
      provisioners: [Provisioner.shell({ inline: ['echo hello > /etc/golden-scenario'] })],
      checks: [Check.file('/etc/golden-scenario', { contents: ['hello'] })],
      distribution: { regions: [booted.otherRegion] },
    });

    const run = await one.build();

    expect(endOf(run)).toMatchObject({ status: 'built' });
    const published = await one.published();
    expect(Object.keys(published)).toEqual([booted.region, booted.otherRegion]);
    expect(await one.parameters()).toEqual(Object.fromEntries(Object.entries(published).map(([region, [id]]) => [region, id])));
    expect(await one.leftovers()).toEqual([]);

    const again = await one.build();
    expect(endOf(again)).toMatchObject({ status: 'unchanged' });
    expect(await one.published()).toEqual(published);
  });

  test('with a failing instruction ends with its words, and leaves nothing', async () => {
    const one = declare(light, { provisioners: [Provisioner.shell({ inline: ['echo the reason >&2; exit 7'] })] });
    const run = await one.build();
    expect(endOf(run)).toMatchObject({ status: 'failed', error: { code: 'instruction-failed' } });
    expect(endOf(run).error.message).toContain('the reason');
    await expectNothing(one);
  });

  test('with a failing check leaves no image', async () => {
    const one = declare(light, { checks: [Check.file('/etc/absent', { exists: true })] });
    const run = await one.build();
    expect(endOf(run)).toMatchObject({ status: 'failed', error: { code: 'check-failed' } });
    await expectNothing(one);
  });

  test('goes on after a reboot in the middle', async () => {
    const one = declare(booted, {
      provisioners: [
        Provisioner.shell({ inline: ['cat /proc/sys/kernel/random/boot_id > /root/before'] }),
        Provisioner.reboot(),
        Provisioner.shell({ inline: ['test "$(cat /root/before)" != "$(cat /proc/sys/kernel/random/boot_id)"'] }),
      ],
    });
    expect(endOf(await one.build())).toMatchObject({ status: 'built' });
    expect(await one.leftovers()).toEqual([]);
  });

  test('that is asked for a boot test starts the image once more, and publishes what holds there, too', async () => {
    const one = declare(booted, {
      provisioners: [Provisioner.shell({ inline: ['echo stays > /etc/golden-scenario'] })],
      checks: [Check.file('/etc/golden-scenario', { contents: ['stays'] }), Check.service('ssh', { running: true })],
    });
    const run = await one.build(['--boot-test']);
    expect(endOf(run)).toMatchObject({ status: 'built' });
    expect(checksOf(run, 'passed', 'boot-test')).toEqual(['file /etc/golden-scenario: exists', 'file /etc/golden-scenario: contents', 'service ssh: running']);
    expect(await one.leftovers()).toEqual([]);
  });

  test('whose boot test fails is published nowhere', async () => {
    const one = declare(booted, {
      provisioners: [Provisioner.shell({ inline: ['echo only now > /run/golden-scenario'] })],
      checks: [Check.file('/run/golden-scenario', { exists: true })],
    });
    const run = await one.build(['--boot-test']);
    expect(endOf(run)).toMatchObject({ status: 'failed', error: { code: 'check-failed' } });
    expect(checksOf(run, 'failed', 'boot-test')).toEqual(['file /run/golden-scenario: exists']);
    await expectNothing(one);
  });

  test('shows 10 MB of output whole and in order', async () => {
    const one = declare(booted, { provisioners: [Provisioner.shell({ inline: ['seq 1 1400000'] })] });
    const run = await one.build();
    expect(endOf(run)).toMatchObject({ status: 'built' });
    const text = run.events.filter(({ type, stream }) => type === 'instruction.output' && stream === 'stdout').map((event) => event.text).join('');
    expect(text.length).toBeGreaterThan(10_000_000);
    let next = 1;
    for (const line of text.trim().split('\n')) { if (line !== String(next++)) { throw new Error(`Line ${next - 1} is ${line}`); } }
    expect(next).toBe(1_400_001);
  });

  test('takes a file of 200 MB to the machine as it is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'golden-big-'));
    const block = Buffer.alloc(MIB, 'a file of two hundred megabytes ');
    const content = Buffer.concat(Array.from({ length: 200 }, (_, i) => { block.writeUInt32LE(i); return Buffer.from(block); }));
    writeFileSync(join(folder, 'big'), content);
    const digest = createHash('sha256').update(content).digest('hex');
    try {
      const one = declare(booted, {
        provisioners: [Provisioner.file({ source: FileSource.asset(join(folder, 'big')), destination: '/opt/big' })],
        checks: [Check.file('/opt/big', { size: 200 * MIB, sha256: digest })],
      });
      expect(endOf(await one.build())).toMatchObject({ status: 'built' });
      expect(await one.leftovers()).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('goes on where its machine is lost with an error that says so, and leaves nothing', async () => {
    const one = declare(light, { provisioners: [Provisioner.shell({ inline: ['echo ready; sleep 600'] })] });
    let lost: Promise<void> | undefined;
    const run = await one.build([], {
      onEvent: (event) => { if (event.type === 'instruction.output' && event.text.includes('ready')) { lost ??= light.loseMachines(); } },
    });
    await lost;
    expect(endOf(run)).toMatchObject({ status: 'failed', error: { code: 'machine-lost' } });
    await expectNothing(one);
  });

  test('is built once where two processes build it at the same time', async () => {
    const one = declare(light, { provisioners: [Provisioner.shell({ inline: ['sleep 2'] })] });
    const runs = await Promise.all([one.build(), one.build()]);
    expect(runs.map((run) => endOf(run).status).sort()).toEqual(['built', 'unchanged']);
    expect((await one.published())[light.region]).toHaveLength(1);
    expect(await one.leftovers()).toEqual([]);
  });

  test('that is interrupted at any of its stages leaves nothing; where its image was out already, that is whole', async () => {
    const ends = await inLanes(LANES, STAGES, async (_lane, stage) => {
      const one = declare(light, {
        // Images of one definition have one parameter: those of the stages beside it are others.
        provisioners: [Provisioner.shell({ inline: [`sleep 1 # ${stage}`] })],
        distribution: { regions: [light.otherRegion] },
        // Nobody waits for a cloud-init that is done by then.
        ...stage === 'cloud-init' && { userData: UserData.custom('#!/bin/sh\nsleep 10\n') },
      });
      let metAt = 0;
      const run = await one.build(stage === 'boot-test' ? ['--boot-test'] : [], {
        onEvent: (event, kill) => { if (event.type === 'phase.started' && event.phase === stage) { metAt = Date.now(); kill('SIGINT'); } },
      });
      const seconds = (Date.now() - metAt) / 1000;
      const { status } = endOf(run);
      const images = Object.values(await one.published()).length;
      return { stage, leftovers: await one.leftovers(), seconds, end: { status, images, parameters: Object.values(await one.parameters()).length } };
    });
    expect(ends.map(({ stage }) => stage)).toEqual(STAGES);
    for (const { seconds, ...one } of ends) {
      const isOut = ['publish', 'destroy'].includes(one.stage) && one.end.status === 'built';
      const end = isOut ? { status: 'built', images: 2, parameters: 2 } : { status: 'interrupted', images: 0, parameters: 0 };
      expect(one).toEqual({ stage: one.stage, leftovers: [], end });
      // Since it was interrupted; a build that never came to the stage was never.
      expect(seconds).toBeLessThan(60);
    }
  }, 600_000);

  const faults = process.env.GOLDEN_ACCOUNT === 'real' ? describe.skip : describe;
  faults('where the cloud has faults (emulated only: a real account cannot be told to fail)', () => {
    test('survives ten cuts of the connection without running anything twice', async () => {
      const one = declare(booted, {
        provisioners: [Provisioner.shell({ inline: ['echo ran >> /root/runs; for i in $(seq 1 1000); do echo "line $i"; sleep 0.01; done'] })],
        checks: [Check.command('cat /root/runs', { exitStatus: 0, stdout: ['/^ran$/'] }), Check.command('test "$(wc -l < /root/runs)" = 1', { exitStatus: 0 })],
      });
      const { cloud, cutConnections } = booted.emulated!;
      const callsBefore = cloud.calls.length;
      let cuts = 0;
      let lines = 0;
      let timer: NodeJS.Timeout | undefined;
      const run = await one.build([], {
        onEvent: (event) => {
          if (event.type === 'instruction.finished') { clearInterval(timer); }
          if (event.type !== 'instruction.output') { return; }
          lines += event.text.split('\n').length - 1;
          // Over SSM there is none that stays: answers are lost all the time.
          if (kind === 'ssm') { timer ??= setInterval(cutConnections, 500); return; }
          if (cuts < 10 && lines >= (cuts + 1) * 80) { cuts++; cutConnections(); }
        },
      }).finally(() => clearInterval(timer));
      expect(endOf(run)).toMatchObject({ status: 'built' });
      const lost = cloud.calls.slice(callsBefore).filter(({ code }) => code === 'timeout').length;
      expect(kind === 'ssh' ? cuts : lost).toBeGreaterThanOrEqual(10);
      const text = run.events.filter(({ type }) => type === 'instruction.output').map((event) => event.text).join('');
      expect(text.trim().split('\n')).toEqual(Array.from({ length: 1000 }, (_, i) => `line ${i + 1}`));
    });

    test('that is interrupted while its image is being made leaves nothing', async () => {
      const one = declare(light, {});
      const { settings } = light.emulated!.cloud;
      const { durations } = settings;
      settings.durations = { ...durations, image: 10_000, snapshot: 10_000 };
      let left = 0;
      const run = await one.build([], {
        onEvent: (event, kill) => {
          if (event.type !== 'phase.started' || event.phase !== 'capture') { return; }
          setTimeout(() => { void one.leftovers().then((found) => { left = found.length; kill('SIGINT'); }); }, 1500);
        },
      });
      settings.durations = durations;
      expect(endOf(run)).toMatchObject({ status: 'interrupted' });
      // The image and its snapshot, which were on their way.
      expect(left).toBeGreaterThanOrEqual(2);
      await expectNothing(one);
    });

    test('leaves nothing where its image cannot be captured', async () => {
      const one = declare(light, {});
      await light.emulated!.failCaptures();
      expect(endOf(await one.build())).toMatchObject({ status: 'failed' });
      await light.calm();
      await expectNothing(one);
    });

    test('leaves nothing where the copy to one of its regions fails', async () => {
      const one = declare(light, { distribution: { regions: [light.otherRegion] } });
      await light.emulated!.failCopies();
      const run = await one.build();
      expect(endOf(run)).toMatchObject({ status: 'failed' });
      expect(endOf(run).error.message).toContain(light.otherRegion);
      await light.calm();
      await expectNothing(one);
    });
  });
}
