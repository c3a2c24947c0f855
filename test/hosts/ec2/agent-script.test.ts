import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { agentScript, LEAVE_AGENT, REMOVE_AGENT } from '../../../lib/hosts/ec2/agent-script';
import type { MachineSpec } from '../../../lib/plan/model';
import { run } from '../../../lib/process';
import { agentPackage } from '../../support/agent-package';
import { canStartMachines, ChrootMachine, makeRoot } from '../../support/chroot-machine';

const MACHINE: MachineSpec = { architecture: 'x86_64', osFamily: 'debian' };
const DATABASE = ['var/lib/dpkg/info', 'var/lib/dpkg/updates', 'var/lib/dpkg/triggers'];

(canStartMachines ? describe : describe.skip)('an agent that was installed to build an image', () => {
  let packages: string;
  let root: string;
  let machine: ChrootMachine;
  const at = (path: string) => join(root, path);
  const sh = async (script: string) => {
    const done = await run([...await machine.access.enter(), 'sh', '-c', script], {
      env: { PATH: '/srv/bin:/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin' }, maxOutputBytes: 1 << 20,
    });
    return { exitCode: done.exitCode, text: `${done.stdout}${done.stderr}` };
  };
  const isInstalled = async () => (await sh('dpkg-query -W amazon-ssm-agent')).exitCode === 0;
  const leave = () => sh(LEAVE_AGENT);
  /** What systemd does with the unit when the machine goes down. */
  const goDown = () => sh('sh /run/golden-agent.sh');

  beforeAll(async () => {
    packages = mkdtempSync(join(tmpdir(), 'golden-agent-'));
    await agentPackage(packages, { 'opt/bin/amazon-ssm-agent': '#!/bin/sh\n', 'etc/amazon/ssm/seelog.xml.template': '<seelog/>\n' });
  });
  afterAll(() => rmSync(packages, { recursive: true, force: true }));
  beforeEach(async () => {
    root = makeRoot('host');
    for (const folder of DATABASE) { mkdirSync(at(folder), { recursive: true }); }
    writeFileSync(at('var/lib/dpkg/status'), '');
    cpSync(packages, at('srv'), { recursive: true });
    machine = await ChrootMachine.start(root, 'host');
    // GIVEN a systemd that takes units, and enables the service as the real one does
    writeFileSync(at('srv/bin/systemctl'), `#!/bin/sh
echo "$*" >>/srv/asked
[ "$1" != enable ] || { mkdir -p /etc/systemd/system/multi-user.target.wants && ln -sf /nowhere /etc/systemd/system/multi-user.target.wants/amazon-ssm-agent.service; }
`, { mode: 0o755 });
    expect(await sh('mkdir -p /run/systemd/system')).toMatchObject({ exitCode: 0 });
  });
  afterEach(() => machine.destroy());

  test('is there during the build, and no more when the machine has gone down: nothing of its package, service and files', async () => {
    expect(await sh(agentScript('us-east-2', MACHINE))).toMatchObject({ exitCode: 0 });
    expect(await isInstalled()).toBe(true);
    mkdirSync(at('var/lib/amazon/ssm/i-1'), { recursive: true });
    mkdirSync(at('var/log/amazon/ssm'), { recursive: true });

    expect(await leave()).toEqual({ exitCode: 0, text: 'SSM agent, which was installed for the build\n' });
    expect(readFileSync(at('srv/asked'), 'utf8')).toBe('enable --now amazon-ssm-agent\nstart golden-agent.service\n');
    expect(await isInstalled()).toBe(true);

    await goDown();
    expect(await isInstalled()).toBe(false);
    for (const path of [
      'opt/bin/amazon-ssm-agent', 'etc/amazon', 'var/lib/amazon', 'var/log/amazon', 'var/lib/golden-ssm-agent',
      'etc/systemd/system/multi-user.target.wants/amazon-ssm-agent.service',
    ]) { expect([path, existsSync(at(path))]).toEqual([path, false]); }
  });

  test('stays where the image is to have it', async () => {
    await sh(agentScript('us-east-2', { ...MACHINE, ssmAgent: true }));
    expect(await leave()).toEqual({ exitCode: 0, text: '' });
    await goDown();
    expect(await isInstalled()).toBe(true);
    expect(existsSync(at('etc/amazon/ssm/seelog.xml.template'))).toBe(true);
  });

  test('stays where a provisioner has installed it, too', async () => {
    await sh(agentScript('us-east-2', MACHINE));
    await sh('sleep 0.02; dpkg -i /srv/agent.deb');
    expect(await leave()).toEqual({ exitCode: 0, text: '' });
    expect(existsSync(at('var/lib/golden-ssm-agent'))).toBe(false);
  });

  test('is found again on a machine that starts from a layer, and not taken for one of the source', async () => {
    await sh(agentScript('us-east-2', MACHINE));
    await machine.restarted();
    await sh('mkdir -p /run/systemd/system');
    await sh(agentScript('us-east-2', MACHINE));
    expect(await leave()).toMatchObject({ text: 'SSM agent, which was installed for the build\n' });
  });

  test('one that the source has stays, without what it wrote', async () => {
    await sh('dpkg -i /srv/agent.deb');
    await sh(agentScript('us-east-2', MACHINE));
    mkdirSync(at('var/lib/amazon/ssm/i-1'), { recursive: true });
    expect(await leave()).toEqual({ exitCode: 0, text: '' });
    await goDown();
    expect(await isInstalled()).toBe(true);
    expect([existsSync(at('etc/amazon/ssm')), existsSync(at('var/lib/amazon/ssm/i-1'))]).toEqual([true, false]);
  });

  test('of RPM systems goes without the scripts of its package, which would stop and reload services', () => {
    expect(agentScript('us-east-2', { architecture: 'arm64', osFamily: 'redhat' })).toContain('rpm -U --replacepkgs /run/amazon-ssm-agent.rpm');
    expect(REMOVE_AGENT).toContain('rpm -e --noscripts amazon-ssm-agent');
  });
});
