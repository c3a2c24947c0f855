import { canStartMachines } from '../support/chroot-machine';
import type { CloudMachine } from '../support/cloud/machines/machine-provider';
import { machineStand, printed, until, type MachineStand } from '../support/cloud/machines/machine-stand';

interface Invocation {
  readonly Status: string;
  readonly StatusDetails: string;
  readonly ResponseCode: number;
  readonly StandardOutputContent: string;
  readonly StandardErrorContent: string;
}

const ID = 'i-00000000000000001';
const inMachines = canStartMachines ? describe : describe.skip;

inMachines('Run Command of the emulated cloud', () => {
  let stand: MachineStand;
  let machine: CloudMachine;

  beforeAll(async () => {
    stand = await machineStand('light', 1);
    machine = await stand.launch();
    await until(() => printed(machine, 'cloud-init status'), (said) => said === 'status: done\n');
  }, 300_000);
  afterAll(() => stand.close());

  const send = async (commands: string[], more: object = {}, parameters: object = {}) => {
    const { Command } = await stand.call<{ Command: { CommandId: string; Status: string } }>('SendCommand', {
      InstanceIds: [ID], DocumentName: 'AWS-RunShellScript', Parameters: { commands, ...parameters }, ...more,
    });
    return Command.CommandId;
  };
  const get = async (CommandId: string) => {
    const ask = () => stand.call<Invocation>('GetCommandInvocation', { CommandId, InstanceId: ID });
    return ask().catch((error: { code: string }) => {
      if (error.code === 'InvocationDoesNotExist') { return { Status: 'Pending' } as Invocation; }
      throw error;
    });
  };
  const ended = (id: string) => until(() => get(id), ({ Status }) => !['Pending', 'InProgress', 'Cancelling'].includes(Status));
  const run = async (commands: string[], more: object = {}, parameters: object = {}) => ended(await send(commands, more, parameters));

  test('runs commands as root with sh, and gives their output at the end', async () => {
    const { StandardOutputContent, ...rest } = await run(['id -un', 'ls -l /proc/$$/exe | sed "s/.* //"', 'echo problem >&2', 'echo "$HOME,$PATH"']);
    expect(StandardOutputContent).toBe('root\n/usr/bin/dash\n,/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n');
    expect(rest).toMatchObject({ Status: 'Success', StatusDetails: 'Success', ResponseCode: 0, StandardErrorContent: 'problem\n' });
  });

  test('leaves the script and its output on the disk, where its working folder is', async () => {
    const id = await send(['pwd', 'cat _script.sh']);
    const folder = `/var/lib/amazon/ssm/${ID}/document/orchestration/${id}/awsrunShellScript/0.awsrunShellScript`;
    expect((await ended(id)).StandardOutputContent).toBe(`${folder}\npwd\ncat _script.sh\n`);
    expect(await printed(machine, `ls -A ${folder}; cat ${folder}/stdout`)).toBe(`_script.sh\nstderr\nstdout\n${folder}\npwd\ncat _script.sh\n`);
  });

  test('reports the exit code of the last command', async () => {
    expect(await run(['false', 'exit 7'])).toMatchObject({
      Status: 'Failed', StatusDetails: 'Failed', ResponseCode: 7, StandardErrorContent: 'failed to run commands: exit status 7',
    });
    expect(await run(['false', 'true'])).toMatchObject({ Status: 'Success', ResponseCode: 0 });
  });

  test('lets a script choose its interpreter', async () => {
    expect(await run(['#!/bin/bash', '[[ a == a ]] && echo "${BASH_VERSION:+bash}"'])).toMatchObject({ StandardOutputContent: 'bash\n' });
  });

  test('knows nothing of an invocation for a moment, and gives no output before the end', async () => {
    const id = await send(['echo early; while [ ! -e /tmp/go ]; do sleep 0.01; done']);
    await expect(stand.call('GetCommandInvocation', { CommandId: id, InstanceId: ID })).rejects.toMatchObject({ code: 'InvocationDoesNotExist' });
    expect(await until(() => get(id), ({ Status }) => Status === 'InProgress')).toMatchObject({ ResponseCode: -1, StandardOutputContent: '' });
    await machine.exec!(': > /tmp/go');
    expect(await ended(id)).toMatchObject({ Status: 'Success', StandardOutputContent: 'early\n' });
  });

  test('waits until nobody holds its output, as the agent does', async () => {
    expect(await run(['(sleep 0.2; echo late) &'])).toMatchObject({ Status: 'Success', StandardOutputContent: 'late\n' });
  });

  test('cuts long output', async () => {
    const { StandardOutputContent, StandardErrorContent } = await run(['head -c 30000 /dev/zero | tr "\\0" x', 'head -c 9000 /dev/zero | tr "\\0" y >&2']);
    expect(StandardOutputContent).toBe(`${'x'.repeat(24_000 - 20)}--output truncated--`);
    expect(StandardErrorContent).toBe(`${'y'.repeat(8_000 - 20)}--output truncated--`);
  });

  test('runs five commands at a time', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 6; n++) { ids.push(await send([`while [ ! -e /tmp/${n === 0 ? 'first' : 'others'} ]; do sleep 0.01; done`])); }
    const states = async () => Promise.all(ids.map(async (id) => (await get(id)).Status));
    const five = [...Array<string>(5).fill('InProgress'), 'Pending'];
    expect(await until(states, (all) => all.filter((state) => state === 'InProgress').length === 5)).toEqual(five);
    await machine.exec!(': > /tmp/first');
    expect(await until(states, (all) => all[5] === 'InProgress')).toEqual(['Success', ...five.slice(1, 5), 'InProgress']);
    await machine.exec!(': > /tmp/others');
    await Promise.all(ids.map(ended));
  });

  test('cancels a command, whose processes end', async () => {
    const id = await send(['echo $$ > /tmp/pid; sleep 600']);
    await until(() => printed(machine, 'cat /tmp/pid'), (said) => /^\d+\n$/.test(said));
    await stand.call('CancelCommand', { CommandId: id });
    expect(await ended(id)).toMatchObject({ Status: 'Cancelled', StatusDetails: 'Cancelled', ResponseCode: 137 });
    expect(await printed(machine, 'ls /proc/$(cat /tmp/pid) >/dev/null 2>&1 || echo gone')).toBe('gone\n');
  });

  test('ends a command whose time is up', async () => {
    expect(await run(['sleep 600'], {}, { executionTimeout: ['5'] })).toMatchObject({ Status: 'TimedOut', StatusDetails: 'ExecutionTimedOut', ResponseCode: 137 });
  }, 15_000);

  test('restarts the machine at exit code 194, and runs the script again', async () => {
    const boot = await printed(machine, 'cat /proc/sys/kernel/random/boot_id');
    expect(await run(['[ -e /root/again ] && { echo again; exit 0; }', ': > /root/again', 'exit 194'])).toMatchObject({ Status: 'Success', StandardOutputContent: 'again\n' });
    expect(await printed(machine, 'cat /proc/sys/kernel/random/boot_id')).not.toBe(boot);
  });

  test('hears no more of a command whose machine restarts under it, until the time is up', async () => {
    const boot = await printed(machine, 'cat /proc/sys/kernel/random/boot_id');
    const id = await send(['reboot; sleep 600'], { TimeoutSeconds: 30 }, { executionTimeout: ['60'] });
    await until(() => printed(machine, 'cat /proc/sys/kernel/random/boot_id').catch(() => boot), (now) => now !== boot && now.length === 37);
    expect(await get(id)).toMatchObject({ Status: 'InProgress' });
    stand.clock.ahead = 91_000;
    expect(await get(id)).toMatchObject({ Status: 'TimedOut', StatusDetails: 'ExecutionTimedOut' });
    stand.clock.ahead = 0;
  });

  test('takes no commands for instances whose agent has not been heard of', async () => {
    const known = stand.instances.get(ID)!;
    for (const changes of [{ managed: false }, { hasAgent: false }, { state: 'stopped' as const }]) {
      stand.instances.set(ID, { ...known, startedAt: Date.now(), ...changes });
      await expect(send(['true'])).rejects.toMatchObject({ code: 'InvalidInstanceId' });
    }
    stand.settings.ssmOnlineMs = 100;
    stand.instances.set(ID, { ...known, startedAt: Date.now() });
    await expect(send(['true'])).rejects.toMatchObject({ code: 'InvalidInstanceId' });
    const online = () => stand.call<{ InstanceInformationList: { PingStatus: string }[] }>('DescribeInstanceInformation', {
      Filters: [{ Key: 'InstanceIds', Values: [ID] }],
    });
    await until(online, ({ InstanceInformationList }) => InstanceInformationList[0]?.PingStatus === 'Online');
    await expect(run(['true'])).resolves.toMatchObject({ Status: 'Success' });
    stand.settings.ssmOnlineMs = 0;
    stand.instances.set(ID, known);
  });

  test('holds commands while the agent is silent', async () => {
    await run(['true']);
    stand.ssm.dropAgent(ID);
    const id = await send(['true'], { TimeoutSeconds: 30 });
    stand.clock.ahead = 31_000;
    expect(await ended(id)).toMatchObject({ Status: 'TimedOut', StatusDetails: 'DeliveryTimedOut' });
    stand.clock.ahead = 0;
    stand.ssm.restoreAgent(ID);
    await expect(run(['true'])).resolves.toMatchObject({ Status: 'Success' });
  });

  test.each([
    ['an unknown document', { DocumentName: 'AWS-RunPowerShellScript' }, 'InvalidDocument'],
    ['a comment of more than 100 characters', { Comment: 'x'.repeat(101) }, 'ValidationException'],
    ['a delivery time of less than 30 s', { TimeoutSeconds: 29 }, 'ValidationException'],
    ['an execution time that is none', { Parameters: { commands: ['true'], executionTimeout: ['0'] } }, 'InvalidParameters'],
    ['a parameter that the document has not', { Parameters: { commands: ['true'], user: ['root'] } }, 'InvalidParameters'],
    ['no commands', { Parameters: {} }, 'InvalidParameters'],
    ['commands that are too long', { Parameters: { commands: ['x'.repeat(65_536)] } }, 'MaxDocumentSizeExceeded'],
    ['a member that there is not', { Command: 'true' }, 'ValidationException'],
    ['an unknown instance', { InstanceIds: ['i-0fffffffffffffff0'] }, 'InvalidInstanceId'],
  ])('refuses %s', async (_, changes, code) => {
    await expect(send(['true'], changes)).rejects.toMatchObject({ code });
  });

  test('keeps what was sent for everybody to read', async () => {
    await run(['echo secret'], { Comment: 'golden step 1' });
    expect(stand.ssm.history.at(-1)).toMatchObject({ comment: 'golden step 1', instanceIds: [ID], parameters: { commands: ['echo secret'] } });
  });

  test('lists invocations', async () => {
    const id = await send(['echo listed']);
    await ended(id);
    await expect(stand.call('ListCommandInvocations', { CommandId: id, Details: true })).resolves.toMatchObject({
      CommandInvocations: [{ CommandId: id, InstanceId: ID, Status: 'Success', CommandPlugins: [{ Name: 'aws:runShellScript', ResponseCode: 0, Output: 'listed\n' }] }],
    });
  });

  test('says what role instances without one have', async () => {
    const id = '/ssm/managed-instance/default-ec2-instance-management-role';
    await expect(stand.call('GetServiceSetting', { SettingId: id })).resolves.toMatchObject({ ServiceSetting: { SettingValue: '$None' } });
    await expect(stand.call('GetServiceSetting', { SettingId: '/ssm/other' })).rejects.toMatchObject({ code: 'ServiceSettingNotFound' });
  });
});
