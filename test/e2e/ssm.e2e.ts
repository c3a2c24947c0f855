import { randomBytes } from 'crypto';
import { join } from 'path';
import { Readable } from 'stream';
import { systemClock } from '../../lib/cli/wiring';
import { ssmCommunicators } from '../../lib/communicators/ssm/ssm-communicators';
import { agentScript } from '../../lib/hosts/ec2/agent-script';
import type { Ec2Machine } from '../../lib/hosts/ec2/ec2-machine';
import { resolveSource } from '../../lib/hosts/ec2/source-resolution';
import { s3Staging } from '../../lib/hosts/ec2/staging';
import type { Communicator, CommunicatorFactory } from '../../lib/ports/communicator';
import { output, run } from '../../lib/process';
import { describeCommunicator } from '../contract/communicator.contract';
import { ec2Plan, REGION, startEc2, type Ec2Fixture } from '../hosts/ec2/ec2-fixture';
import { createMachineProvider, type MachineKind } from '../support/cloud/machines/create-machine-provider';
import { createSsmService } from '../support/cloud/ssm/create-ssm-service';
import { TEST_HOME } from '../support/machine-plan';

const MB = 1_000_000;

interface Account {
  readonly ec2: Ec2Fixture;
  readonly factory: CommunicatorFactory;
  launch(): Promise<Ec2Machine>;
}

/** An emulated account, and what reaches its instances. */
async function account(kind: MachineKind): Promise<Account> {
  const ec2 = await startEc2({ machines: createMachineProvider(kind), ssm: createSsmService });
  ec2.imageId = (await resolveSource(ec2.cloud, REGION, ec2Plan(), ec2.context)).id;
  const staging = s3Staging(ec2.cloud, { region: REGION, buildId: ec2.context.buildId });
  const factory = ssmCommunicators({ access: ec2.cloud.clients.access(REGION), staging, clock: systemClock });
  return { ec2, factory, launch: () => ec2.launch(ec2Plan(), factory.requirements) };
}

describeCommunicator('ssm (to an instance of the emulated cloud)', false, async () => {
  const { ec2, factory, launch } = await account('light');
  const machine = await launch().catch(async (error: unknown) => { await ec2.stop(); throw error; });
  return {
    machine,
    factory,
    destroy: async () => {
      await machine.destroy();
      await ec2.stop();
    },
  };
});

describe('an instance that really boots', () => {
  interface Started { readonly machine: Ec2Machine; readonly communicator: Communicator }
  let cloud: Account;
  let started: Started[] = [];
  let machine: Ec2Machine;
  let communicator: Communicator;
  const sh = async (command: string, on = communicator) => (await on.execute(command)).stdout.toString().trim();
  const start = async (): Promise<Started> => {
    const launched = await cloud.launch();
    const reached = cloud.factory.open(launched);
    await reached.connect({ timeoutMs: 120_000 });
    return { machine: launched, communicator: reached };
  };
  const stop = async (one: Started) => {
    await one.communicator.leave!();
    await one.communicator.close();
    await one.machine.stop(120_000);
  };
  /** Where all is that a stopped machine has changed on its disk. What is a device there says that something below was removed. */
  const changesOf = async ({ id }: Ec2Machine) => {
    const disk = await cloud.ec2.aws.world.region(REGION).instances.get(id)!.machine!.capture();
    const [changes] = (await output(['find', join(TEST_HOME, 'cloud'), '-maxdepth', '3', '-name', disk.id])).trim().split('\n');
    return join(changes, 'upper');
  };

  beforeAll(async () => {
    cloud = await account('booted');
    started = await Promise.all([start(), start()]);
    [{ machine, communicator }] = started;
  });
  afterAll(async () => {
    for (const one of started) {
      await one.communicator.close();
      await one.machine.destroy();
    }
    await cloud?.ec2.stop();
  });

  test('takes 200 MB and gives them back', async () => {
    const piece = randomBytes(MB);
    await communicator.upload(Readable.from(Array.from({ length: 200 }, () => piece)), '/var/tmp/large');
    expect(await sh('stat -c %s /var/tmp/large')).toBe(String(200 * MB));
    let received = 0;
    for await (const data of await communicator.download('/var/tmp/large')) { received += (data as Buffer).length; }
    expect(received).toBe(200 * MB);
    await communicator.execute('rm /var/tmp/large');
  });

  test('that restarts under a command is a lost connection, and is there again afterwards', async () => {
    const before = await sh('cat /proc/sys/kernel/random/boot_id');
    let text = '';
    const followed = communicator.stream('echo on; sleep 2; systemctl reboot; sleep 1000', (data) => { text += data.toString(); });
    await expect(followed).rejects.toMatchObject({ code: 'connection-lost' });
    expect(text).toBe('on\n');
    await communicator.connect({ timeoutMs: 120_000 });
    expect(await sh('cat /proc/sys/kernel/random/boot_id')).not.toBe(before);
  });

  test('whose agent falls silent for a while loses nothing of a stream', async () => {
    const { ssm } = cloud.ec2.aws as unknown as { readonly ssm: ReturnType<typeof createSsmService> };
    let text = '';
    const followed = communicator.stream('for i in $(seq 1 20); do echo $i; sleep 0.3; done', (data) => {
      if (text === '') {
        ssm.dropAgent(machine.id);
        setTimeout(() => ssm.restoreAgent(machine.id), 3000);
      }
      text += data.toString();
    });
    expect(await followed).toBe(0);
    expect(text).toBe(Array.from({ length: 20 }, (_, i) => `${i + 1}\n`).join(''));
  });

  test('has its agent no more after it was stopped, where that was installed for the build', async () => {
    const [, other] = started;
    const there = (command: string) => sh(command, other.communicator);
    // GIVEN the package of an agent, in place of the one that this machine has
    await there(`mkdir -p /run/agent/tree/DEBIAN /run/agent/tree/usr/bin /run/agent/tree/lib/systemd/system /run/agent/bin && cd /run/agent
      mv /usr/bin/amazon-ssm-agent tree/usr/bin && mv /lib/systemd/system/amazon-ssm-agent.service tree/lib/systemd/system
      printf '%s\\n' 'Package: amazon-ssm-agent' 'Version: 1' 'Architecture: all' 'Maintainer: Nobody <nobody@example.com>' 'Description: Agent' >tree/DEBIAN/control
      dpkg-deb --root-owner-group --build tree agent.deb
      printf '%s\\n' '#!/bin/sh' 'exec cp /run/agent/agent.deb "$3"' >bin/curl && chmod +x bin/curl`);
    await other.communicator.execute('PATH=/run/agent/bin:$PATH sh', { stdin: agentScript(REGION, ec2Plan().definition.machine) });
    expect(await there('dpkg-query -W amazon-ssm-agent; systemctl is-active amazon-ssm-agent')).toBe('amazon-ssm-agent\t1\nactive');
    // WHEN
    expect(await there(other.machine.leave!)).toBe('SSM agent, which was installed for the build');
    await stop(other);
    // THEN
    const changes = await changesOf(other.machine);
    expect(await output(['find', changes, '(', '-name', '*ssm-agent*', '-o', '-name', 'ssm', '-o', '-name', 'golden-*', ')', '-not', '-type', 'c'])).toBe('');
    expect(await output(['grep', '-c', 'Package: ', join(changes, 'var/lib/dpkg/status')])).not.toBe('0\n');
    expect(await run(['grep', 'amazon-ssm-agent', join(changes, 'var/lib/dpkg/status')])).toMatchObject({ exitCode: 1 });
  });

  test('has no trace of Systems Manager on its disk after it was left and stopped', async () => {
    // GIVEN traces that the agent left, and will leave when it ends
    expect(await sh('ls /var/lib/amazon/ssm')).toContain(machine.id);
    expect(await sh('ls /var/log/amazon/ssm')).toBe('amazon-ssm-agent.log');
    // WHEN
    await stop(started[0]);
    // THEN
    const changes = await changesOf(machine);
    const traces = '( -path */var/lib/amazon/ssm/* -o -path */var/log/amazon/ssm/* -o -name golden-* )'.split(' ');
    const found = await output(['find', changes, ...traces, '-not', '-type', 'c']);
    expect(await output(['find', changes, '-name', 'ssm'])).not.toBe('');
    expect(found).toBe('');
  });
});
