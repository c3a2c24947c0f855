import { spawnSync } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { connect } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { gzipSync } from 'zlib';
import { output, run } from '../../lib/process';
import type { MachineKind } from '../support/cloud/machines/create-machine-provider';
import type { CloudMachine } from '../support/cloud/machines/machine-provider';
import { machineStand, printed, testAddress, until, type MachineStand } from '../support/cloud/machines/machine-stand';

const BOOT_MS = 60_000;
/** For how long a command is seen to wait. */
const WAIT_MS = 300;
/** That run while a machine restarts. */
const COMMANDS = 8;

/** What a builder says to a machine: who it is, who may log in, and two things to do. */
function builderData(keys: string, endpointPort: number): Buffer {
  const config = {
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: readFileSync(join(keys, 'host'), 'utf8'), ed25519_public: readFileSync(join(keys, 'host.pub'), 'utf8') },
    ssh_authorized_keys: [readFileSync(join(keys, 'user.pub'), 'utf8')],
    runcmd: [`curl -fsS http://localhost:${endpointPort}/runcmd > /root/runcmd`],
  };
  const part = (type: string, text: string) => ['--b', `Content-Type: ${type}`, 'Content-Transfer-Encoding: base64', '', Buffer.from(text).toString('base64')];
  return gzipSync([
    'Content-Type: multipart/mixed; boundary="b"', 'MIME-Version: 1.0', '',
    ...part('text/cloud-config', `#cloud-config\n${JSON.stringify(config)}\n`),
    ...part('text/cloud-boothook', '#!/bin/sh\necho hook >> /root/hooks\n'),
    ...part('text/x-shellscript', '#!/bin/bash\n[[ a == a ]] && echo script > /root/script\n'),
    '--b--', '',
  ].join('\n'));
}

describe.each<[MachineKind, number]>([['light', 3], ['booted', 4]])('%s machines of the emulated cloud', (kind, suite) => {
  let stand: MachineStand;
  let machine: CloudMachine;
  let keys: string;
  const gone: string[] = [];

  beforeAll(async () => {
    keys = mkdtempSync(join(tmpdir(), 'golden-keys-'));
    for (const name of ['host', 'user']) { spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(keys, name)]); }
    stand = await machineStand(kind, suite);
    machine = await stand.launch({ userData: builderData(keys, stand.endpointPort) });
    machine.onGone((how) => gone.push(how));
  }, 600_000);
  afterAll(async () => {
    await stand.close();
    rmSync(keys, { recursive: true });
  });

  const ssh = (command: string, user = 'admin', number = 1) => run([
    'ssh', '-i', join(keys, 'user'), '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null',
    '-o', 'LogLevel=ERROR', '-o', 'ConnectTimeout=5', `${user}@${testAddress(suite, number)}`, command,
  ], { timeoutMs: 15_000 }).then(({ stdout, stderr }) => stdout.toString() + stderr.toString(), String);
  const ready = (one = machine) => until(
    () => printed(one, 'cloud-init status --wait').catch(() => ''), (said) => said.endsWith('status: done\n'), BOOT_MS,
  );
  const bootId = () => printed(machine, 'cat /proc/sys/kernel/random/boot_id').catch(() => '');

  test('let a builder in by SSH, with the host key it gave', async () => {
    await ready();
    expect(await ssh('id -un; sudo id -un')).toBe('admin\nroot\n');
    const scanned = await output(['ssh-keyscan', '-t', 'ed25519', testAddress(suite)]);
    expect(scanned.trim().split(' ').slice(1, 3)).toEqual(readFileSync(join(keys, 'host.pub'), 'utf8').split(' ').slice(0, 2));
    expect(await printed(machine, 'ls /etc/ssh/ssh_host_*')).toBe('/etc/ssh/ssh_host_ed25519_key\n/etc/ssh/ssh_host_ed25519_key.pub\n');
    expect(await printed(machine, 'grep ^admin: /etc/shadow | cut -d: -f2')).toBe('*\n');
  }, BOOT_MS);

  test('do what user-data asks for, with the endpoint of the cloud at localhost', async () => {
    expect(await printed(machine, 'cat /root/runcmd; echo; cat /root/script /root/hooks')).toBe('you asked for /runcmd\nscript\nhook\n');
  });

  test('restart, keep their disk, and run boothooks again, but no scripts', async () => {
    await printed(machine, 'rm /root/script; sync');
    const before = await bootId();
    // What waits for a command outside is not to hold up the end of its machine.
    const running = Array.from({ length: COMMANDS }, () => machine.exec!('sleep 600').catch(() => undefined));
    await machine.reboot();
    await Promise.all(running);
    await until(bootId, (now) => now.length === 37 && now !== before, BOOT_MS);
    await ready();
    expect(await printed(machine, 'ls /root/script 2>/dev/null; cat /root/hooks')).toBe('hook\nhook\n');
    expect(await until(() => ssh('cat /etc/hostname >/dev/null && echo in'), (said) => said === 'in\n')).toBe('in\n');
    expect(gone).toEqual([]);
  }, 2 * BOOT_MS);

  test('have an agent that leaves traces, and takes commands only while it runs', async () => {
    expect(await printed(machine, 'grep -c started /var/log/amazon/ssm/amazon-ssm-agent.log')).toBe('2\n');
    expect(await printed(machine, 'cat /var/lib/amazon/ssm/ipc/last-stop | wc -l')).toBe('1\n');
    if (kind === 'light') { return; }
    const instanceId = 'i-00000000000000001';
    const send = (commands: string[]) => stand.call<{ Command: { CommandId: string } }>('SendCommand', {
      InstanceIds: [instanceId], DocumentName: 'AWS-RunShellScript', Parameters: { commands },
    });
    const state = (CommandId: string) => async () => (
      await stand.call<{ Status: string }>('GetCommandInvocation', { CommandId, InstanceId: instanceId }).catch(() => ({ Status: 'Pending' }))
    ).Status;
    await until(state((await send(['true'])).Command.CommandId), (status) => status === 'Success');
    await printed(machine, 'systemctl stop amazon-ssm-agent');
    const { Command } = await send(['true']);
    await new Promise((resolve) => { setTimeout(resolve, WAIT_MS); });
    expect(await state(Command.CommandId)()).toBe('Pending');
    await printed(machine, 'systemctl start amazon-ssm-agent');
    await until(state(Command.CommandId), (status) => status === 'Success');
  }, BOOT_MS);

  test('lose all their connections at once, and take new ones', async () => {
    const socket = connect(22, testAddress(suite));
    const closed = new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
    await new Promise((resolve) => socket.once('data', resolve));
    expect(stand.provider.dropConnections('i-00000000000000001')).toBe(1);
    await closed;
    expect(await ssh('echo in')).toBe('in\n');
  });

  test('are as far away as the test says', async () => {
    stand.provider.settings.networkDelayMs = 50;
    const begin = Date.now();
    const socket = connect(22, testAddress(suite));
    await new Promise((resolve) => socket.once('data', resolve));
    expect(Date.now() - begin).toBeGreaterThanOrEqual(50);
    socket.destroy();
    stand.provider.settings.networkDelayMs = 0;
  });

  test('give their disk to another one, while they run and after they stopped', async () => {
    await printed(machine, 'echo running > /root/mark');
    const early = await machine.capture();
    await printed(machine, 'echo stopped > /root/mark');
    await machine.stop();
    expect(gone).toEqual([]);
    const late = await machine.capture();
    const [one, other] = await Promise.all([early, late].map((imageDisk) => stand.launch({ imageDisk })));
    expect(await until(() => printed(one, 'cat /root/mark'), (said) => said !== '')).toBe('running\n');
    expect(await until(() => printed(other, 'cat /root/mark'), (said) => said !== '')).toBe('stopped\n');
    // Another instance: keys of its own.
    await ready(other);
    expect(await printed(other, 'cat /etc/ssh/ssh_host_ed25519_key.pub')).not.toContain(readFileSync(join(keys, 'host.pub'), 'utf8').split(' ')[1]);
    await Promise.all([one.destroy(), other.destroy()]);
    await Promise.all([early, late].map((disk) => stand.provider.removeDisk(disk)));
    await machine.start();
    expect(await until(() => printed(machine, 'cat /root/mark'), (said) => said !== '')).toBe('stopped\n');
  }, 3 * BOOT_MS);

  test('say when they power off by themselves', async () => {
    await ready();
    await machine.exec!('systemctl poweroff');
    expect(await until(async () => gone.join(), (all) => all !== '', BOOT_MS)).toBe('poweroff');
    await machine.destroy();
    await expect(machine.dial(22)).rejects.toThrow('does not run');
  }, 2 * BOOT_MS);
});

test('a light machine that was started ahead becomes the next one that is asked for, and no other', async () => {
  const stand = await machineStand('light', 9);
  try {
    await stand.provider.startAhead('debian-12', stand.endpointPort);
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
    const asked = Date.now();
    const machines = [await stand.launch(), await stand.launch()];
    const told = await Promise.all(machines.map((machine) => printed(machine, 'cloud-init status --wait >/dev/null; cat /var/lib/cloud/data/instance-id; stat -c %.3Y /run/golden-host')));
    expect(told.map((text) => text.split('\n')[0])).toEqual(['i-00000000000000001', 'i-00000000000000002']);
    expect(told.map((text) => Number(text.split('\n')[1]) * 1000 < asked)).toEqual([true, false]);
  } finally {
    await stand.close();
  }
}, 60_000);
