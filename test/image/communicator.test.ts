import { readdirSync, readFileSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { declareImage, faultsOf } from './declaration';
import { ImagePlan } from '../../lib/assertions/image-plan';
import { Communicator } from '../../lib/image/communicator';
import { OsFamily } from '../../lib/image/os-family';
import { Source } from '../../lib/image/sources/source';
import { SshKey } from '../../lib/image/ssh/ssh-key';
import { SshVia, type SshBastion, type SshOptions } from '../../lib/image/ssh/ssh-options';

const HOST_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
const bastion: SshBastion = { host: 'bastion.example.com', user: 'jump', hostKey: HOST_KEY };

const specOf = (options?: SshOptions) => JSON.parse(JSON.stringify(Communicator.ssh(options)._spec));
const faults = (options: SshOptions) => faultsOf(declareImage({ builder: { communicator: Communicator.ssh(options) } }))
  .map(({ code, message }) => [code, message]);

test('SSH goes to the public address, with a key of its own, unless told otherwise', () => {
  expect(specOf()).toEqual({ type: 'ssh', port: 22, via: 'public-address' });
});

test('SSH through a bastion goes to the private address, and to the bastion with a key that was there before', () => {
  expect(specOf({ bastion })).toEqual({
    type: 'ssh', port: 22, via: 'private-address', bastion: { host: 'bastion.example.com', port: 22, user: 'jump', hostKey: HOST_KEY, key: { type: 'agent' } },
  });
  expect(specOf({ bastion, key: SshKey.file('/key') }).bastion.key).toEqual({ type: 'file', path: '/key' });
  expect(specOf({ bastion: { ...bastion, key: SshKey.file('/jump') }, key: SshKey.file('/key') }).bastion.key).toEqual({ type: 'file', path: '/jump' });
});

test('everything that is said of it is in the plan', () => {
  expect(specOf({ user: 'core', port: 2222, via: SshVia.SESSION_MANAGER, key: SshKey.agent({ keyPairName: 'me', publicKey: HOST_KEY }) })).toEqual({
    type: 'ssh', user: 'core', port: 2222, via: 'session-manager', key: { type: 'agent', keyPairName: 'me', publicKey: HOST_KEY },
  });
});

test.each<[string, SshOptions, string]>([
  ['a port that no machine has', { port: 0 }, '0 is not the number of a port'],
  ['a user that none is', { user: 'a b' }, '"a b" is not the name of a user'],
  ['a user that would be an option', { user: '-oProxyCommand=x' }, '"-oProxyCommand=x" is not the name of a user'],
  ['a key without a path', { key: SshKey.file(' ') }, 'The path of the SSH key is empty'],
  ['a key that is none', { key: SshKey.agent({ publicKey: 'me' }) }, '"me" is not a public key'],
  ['a bastion and Session Manager', { bastion, via: SshVia.SESSION_MANAGER }, 'The machine is to be reached through a bastion and through Session Manager'],
  ['a bastion that is none', { bastion: { ...bastion, host: 'https://bastion' } }, '"https://bastion" is not the name or address of a host'],
  ['a bastion that is not known', { bastion: { ...bastion, hostKey: 'SHA256:abc' } }, '"SHA256:abc" is not the host key of the bastion'],
  ['a port that no bastion has', { bastion: { ...bastion, port: 70_000 } }, '70000 is not the number of a port'],
])('%s is a fault', (_, options, message) => {
  expect(faults(options)).toEqual([[expect.any(String), message]]);
});

test('SSH needs no SSM agent, unless it goes through Session Manager', () => {
  const codes = (via: SshVia) => faultsOf(declareImage({
    source: Source.ami('ami-01234567', { osFamily: OsFamily.ALPINE }), builder: { communicator: Communicator.ssh({ via }) },
  })).map(({ code }) => code);
  expect(codes(SshVia.PRIVATE_ADDRESS)).toEqual([]);
  expect(codes(SshVia.SESSION_MANAGER)).toEqual(['no-ssm-agent']);
});

test.each(['keys/id', join(process.cwd(), 'keys', 'id')])('the path of a key below the app begins at the folder of the plan, others stay: %s', (path) => {
  const outdir = mkdtempSync(join(tmpdir(), 'golden-keys-'));
  try {
    const app = new App({ outdir });
    const communicator = Communicator.ssh({ key: SshKey.file(path), bastion: { ...bastion, key: SshKey.file('~/.ssh/id') } });
    const image = declareImage({ builder: { communicator } }, new Stack(app, 'Stack'));
    app.synth();
    const file = readdirSync(outdir).find((name) => name.endsWith('.golden-plan.json'))!;
    const { key, bastion: jump } = JSON.parse(readFileSync(join(outdir, file), 'utf8')).builder.communicator;
    expect(join(outdir, key.path)).toBe(join(process.cwd(), 'keys/id'));
    expect(jump.key.path).toBe('~/.ssh/id');
    expect(ImagePlan.fromImage(image).toJSON().builder.communicator).toMatchObject({ key: { path: '<folder>/id' }, bastion: { key: { path: '~/.ssh/id' } } });
  } finally {
    rmSync(outdir, { recursive: true });
  }
});
