import { App, Stack } from 'aws-cdk-lib';
import { greeterImage } from './greeter-image';
import { Check } from 'cdk-golden-image';
import { TestMachine } from 'cdk-golden-image/testing';

// What comes of it: the image runs, on the sandbox of this computer. What a test does to the machine is gone when it is stopped.

let machine: TestMachine;
// The first time it makes all that the machine needs; then it takes seconds.
beforeAll(async () => { machine = await TestMachine.build(greeterImage(new Stack(new App(), 'Test'))); }, 600_000);
afterAll(() => machine?.stop());

test('greets with what the configuration says', async () => {
  expect(await machine.file('/run/greeter/greeting')).toMatchObject({ exists: true, owner: 'greeter', text: 'hello\n' });
});

test('keeps its configuration from others', async () => {
  expect(await machine.file('/etc/greeter.conf')).toMatchObject({ mode: '0640', owner: 'root', group: 'greeter' });
  expect(await machine.run('cat /etc/greeter.conf', { user: 'nobody' })).toMatchObject({ exitCode: 1, stdout: '' });
  expect(await machine.run('cat /etc/greeter.conf', { user: 'greeter' })).toMatchObject({ exitCode: 0, stdout: 'GREETING=hello\n' });
});

test('comes back when it is killed', async () => {
  const before = await machine.run('systemctl show --property MainPID greeter');
  await machine.run('systemctl kill --signal KILL greeter && sleep 0.3');
  await machine.check(Check.service('greeter', { running: true }));
  expect((await machine.run('systemctl show --property MainPID greeter')).stdout).not.toBe(before.stdout);
});

test('greets with another word after a restart of the machine', async () => {
  await machine.run('echo GREETING=welcome >/etc/greeter.conf');
  await machine.reboot();
  await machine.check(Check.service('greeter'), Check.file('/run/greeter/greeting', { contents: ['welcome'] }));
}, 60_000);
