import { Duration } from 'aws-cdk-lib';
import { declareImage, faultsOf, instructionsOf } from './declaration';
import { Check } from '../../lib/image/checks/check';
import { FileSource } from '../../lib/image/file-source';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import type { IProvisioner } from '../../lib/image/provisioners/provisioner-context';
import type { UserProps } from '../../lib/image/provisioners/user-props';

const sha256 = 'a'.repeat(64);
const scriptOf = (provisioner: IProvisioner) => (instructionsOf(provisioner)[0] as { script: { text: string } }).script.text;

test('packages are arguments of one script, tried three times', () => {
  expect(instructionsOf(Provisioner.packages(['nginx', 'curl=7.*']))).toEqual([
    expect.objectContaining({ type: 'run', arguments: ['nginx', 'curl=7.*'], attempts: 3, timeoutSeconds: 1800, origin: 'Packages' }),
  ]);
});

test('a download names URL, digest, final path, owner, group and mode', () => {
  const download = (destination: string) => instructionsOf(Provisioner.download({
    url: 'https://example.com/pub/tool.tgz?x=1', sha256: sha256.toUpperCase(), destination, owner: 'agent', mode: '0755',
  }))[0];
  expect(download('/opt/')).toMatchObject({
    type: 'run', arguments: ['https://example.com/pub/tool.tgz?x=1', sha256, '/opt/tool.tgz', 'agent', 'root', '0755'],
  });
  expect(download('/opt/tool')).toMatchObject({ arguments: expect.arrayContaining(['/opt/tool']) });
});

test('a service is placed, enabled and restarted; without a unit it is only started', () => {
  expect(instructionsOf(Provisioner.service('agent', { unit: FileSource.inline('[Service]') }))).toEqual([
    expect.objectContaining({ type: 'put', destination: '/etc/systemd/system/agent.service', mode: undefined, owner: 'root', origin: 'Service' }),
    expect.objectContaining({ type: 'run', arguments: ['agent.service', 'yes', 'restart'], origin: 'Service' }),
  ]);
  expect(instructionsOf(Provisioner.service('apt-daily.timer', { enable: false }))).toEqual([
    expect.objectContaining({ arguments: ['apt-daily.timer', 'no', 'start'] }),
  ]);
});

test('what only the engine can do is an instruction of its own', () => {
  expect(instructionsOf(
    Provisioner.reboot({ timeout: Duration.minutes(5) }),
    Provisioner.pause(Duration.seconds(30)),
    Provisioner.fetch({ source: '/var/log/apt/history.log' }),
    Provisioner.fetch({ source: '/var/log/', destination: 'logs' }),
    Provisioner.checkNow(Check.file('/etc/motd')),
    Provisioner.local({ command: ['make', 'release'], environment: { CI: '1' } }),
  )).toEqual([
    { type: 'reboot', timeoutSeconds: 300, origin: 'Reboot' },
    { type: 'pause', seconds: 30, origin: 'Pause' },
    { type: 'get', source: '/var/log/apt/history.log', destination: 'history.log', origin: 'Fetch' },
    { type: 'get', source: '/var/log', destination: 'logs', origin: 'Fetch2' },
    { type: 'check', checks: [{ type: 'file', resource: '/etc/motd', attributes: { exists: true }, origin: 'Check' }], origin: 'Check' },
    { type: 'local', command: ['make', 'release'], environment: { CI: '1' }, timeoutSeconds: 3600, origin: 'Local' },
  ]);
});

test('a checkpoint is after the instruction before it, and is nothing before the first', () => {
  const shell = Provisioner.shell({ inline: ['true'] });
  const checkpoint = Provisioner.checkpoint();
  const plan = declareImage({ provisioners: [checkpoint, shell, checkpoint, checkpoint, shell, shell, checkpoint] })._plan();
  expect(plan.builder.checkpoints).toEqual([0, 2]);
});

describe('a user', () => {
  test('is made with a home, a shell and a group of its own', () => {
    expect(scriptOf(Provisioner.user('agent'))).toContain('useradd --shell /bin/bash --create-home --user-group agent');
  });

  test('of the system has neither, unless it needs a home for its keys', () => {
    expect(scriptOf(Provisioner.user('agent', { system: true }))).toContain('useradd --system --shell /usr/sbin/nologin --no-create-home --user-group agent');
    expect(scriptOf(Provisioner.user('agent', { system: true, authorizedKeys: ['ssh-ed25519 AAAA'] }))).toContain('--create-home');
  });

  test('gets keys as they stand in a .pub file, quoted', () => {
    expect(scriptOf(Provisioner.user('agent', { authorizedKeys: ['ssh-ed25519 AAAA it\'s me\n'] })))
      .toContain('printf \'%s\\n\' \'ssh-ed25519 AAAA it\'\\\'\'s me\' >"$folder/authorized_keys"');
  });

  test.each<[string, string, UserProps]>([
    ['a name that would be an option', '-o', {}],
    ['a name with capitals', 'Agent', {}],
    ['a relative home', 'agent', { home: 'agent' }],
    ['a shell with a colon', 'agent', { shell: '/bin/sh:/bin/ls' }],
    ['a group with a comma', 'agent', { groups: ['a,b'] }],
    ['a private key', 'agent', { authorizedKeys: ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n'] }],
    ['two keys in one', 'agent', { authorizedKeys: ['ssh-ed25519 AAAA\nssh-ed25519 BBBB'] }],
  ])('with %s is a fault', (_, name, props) => {
    expect(faultsOf(declareImage({ provisioners: [Provisioner.user(name, props)] }))).toEqual([
      expect.objectContaining({ code: 'invalid-provisioner', path: 'Stack/Image/User' }),
    ]);
  });
});

test.each<[string, IProvisioner[], string]>([
  ['no packages', [Provisioner.packages([])], 'It has no packages to install'],
  ['a package that would be an option', [Provisioner.packages(['--reinstall'])], '"--reinstall" is not the name of a package'],
  ['a package named twice', [Provisioner.packages(['a', 'a'])], 'The package a is named twice'],
  ['a user declared twice', [Provisioner.user('a'), Provisioner.user('a')], 'user a is declared already, by Stack/Image/User'],
  ['a unit placed twice', [
    Provisioner.service('a', { unit: FileSource.inline('x') }), Provisioner.service('a.service', { unit: FileSource.inline('y') }),
  ], 'unit a.service is declared already, by Stack/Image/Service'],
  ['a service to which nothing is done', [Provisioner.service('a', { enable: false, start: false })], 'There is nothing to do for the service a'],
  ['a service that is a path', [Provisioner.service('../a')], '"../a" is not the name of a service'],
  ['a download by FTP', [Provisioner.download({ url: 'ftp://a/b', sha256, destination: '/b' })], '"ftp://a/b" is not an http or https URL'],
  ['a download without a digest', [Provisioner.download({ url: 'http://a/b', sha256: '', destination: '/b' })], '"" is not a SHA-256 digest'],
  ['a download without a name', [Provisioner.download({ url: 'http://a/', sha256, destination: '/b/' })], 'http://a/ does not end with a name to put into /b/'],
  ['a fetch from a relative path', [Provisioner.fetch({ source: 'a' })], 'The source "a" is relative'],
  ['a fetch to outside of the output', [Provisioner.fetch({ source: '/a', destination: '../a' })], '"../a" is not a path below the output'],
  ['a command of nothing', [Provisioner.local({ command: [] })], 'It has no command to run'],
  ['a command with a variable that is none', [Provisioner.local({ command: ['true'], environment: { '1A': '' } })], '"1A" is not the name of an environment variable'],
  ['a check of nothing', [Provisioner.checkNow()], 'It has nothing to check'],
])('%s is a fault', (_, provisioners, message) => {
  expect(faultsOf(declareImage({ provisioners })).map((fault) => fault.message)).toEqual([message]);
});
