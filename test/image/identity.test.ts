import { mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Duration, Size, Stack, Stage } from 'aws-cdk-lib';
import { InstanceArchitecture, InstanceType } from 'aws-cdk-lib/aws-ec2';
import { declareImage, newStack } from './declaration';
import { AmiImage } from '../../lib/image/ami-image';
import type { AmiImageProps } from '../../lib/image/ami-image-props';
import { Check } from '../../lib/image/checks/check';
import { Communicator } from '../../lib/image/communicator';
import { FileSource } from '../../lib/image/file-source';
import { ParameterRef } from '../../lib/image/parameter-ref';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import { SecretRef } from '../../lib/image/secret-ref';
import { LocalSource, MirrorDistribution } from '../../lib/image/sources/local-source';
import { Source } from '../../lib/image/sources/source';

const base: AmiImageProps = {
  source: Source.debian('12'),
  provisioners: [Provisioner.shell({ inline: ['echo hello'], secrets: { TOKEN: SecretRef.ssm('/token') } })],
  checks: [Check.file('/etc/motd')],
};
const hashOf = (props: Partial<AmiImageProps> = {}) => declareImage({ ...base, ...props }).definitionHash;

/** Everything that a release of this library could change about an image: scripts, defaults, and what names stand for. */
const samples: ReadonlyArray<[string, Partial<AmiImageProps>, string]> = [
  ['a shell and a check', {}, 'a90524e7646cfed1eb4da507679ae883e1e176aeb0cf901ba4992176cbe73a57'],
  ['a shell with everything', {
    provisioners: [Provisioner.shell({
      inline: ['#!/usr/bin/env python3', 'print()'],
      arguments: ['a'],
      environment: { A: '1' },
      parameters: { B: ParameterRef.ssm('/b') },
      user: 'agent',
      workingDirectory: '/srv',
      timeout: Duration.minutes(1),
      retries: 1,
      retryBackoff: Duration.seconds(1),
      validExitCodes: [0, 2],
      expectDisconnect: true,
    })],
  }, '6399202c0aa63a5d33f3ad9077c31159b0109e927b1cbc992fd6737640cddde8'],
  ['a text', { provisioners: [Provisioner.file({ source: FileSource.inline('hello'), destination: '/etc/motd' })] }, '8366699c871d231fdd5379b8d48129a347b5b5d5f88ad41e2a46e3c153b7ffb0'],
  ['packages', { provisioners: [Provisioner.packages(['nginx'])] }, '89be5dac80f64147094505f04873cb0941686e8c70b6f3dfd5177a677738e77c'],
  ['a user', { provisioners: [Provisioner.user('agent')] }, 'de4af614b497c16f6c14ea939308ed593e51315d45e72d70ff1b6afd64955bca'],
  ['a user with keys and groups', {
    provisioners: [Provisioner.user('agent', { authorizedKeys: ['ssh-ed25519 AAAA me'], groups: ['adm'] })],
  }, 'c2d2cf7a1281916aef3d5b3e1cb779a2f1e96f22856726a8f06541f67bc1bc33'],
  ['a user of the system with a home and a shell', {
    provisioners: [Provisioner.user('agent', { system: true, home: '/srv/agent', shell: '/bin/sh' })],
  }, '8a2e2d8c1ec85d67499224596b5ed25e14b140752c32aef68d78fb0fcc8a41a0'],
  ['a service', { provisioners: [Provisioner.service('agent', { unit: FileSource.inline('[Service]') })] }, '418956eefedd30a09571cd28c9eb5b170706210d44379d56beab01fe97bca666'],
  ['a service of a package', { provisioners: [Provisioner.service('nginx')] }, 'e5fffc860a7637f6a1c16d0618c808a716d5c1e7536500e1e8c0240e4a5d90e7'],
  ['a download', {
    provisioners: [Provisioner.download({ url: 'https://example.com/a', sha256: 'a'.repeat(64), destination: '/a' })],
  }, '5815e4e17a37b7ad5f0a77b710067b601e9007ed58a4ac1517a5f0ffe98390a2'],
  ['what only the engine does', {
    provisioners: [
      Provisioner.reboot(), Provisioner.pause(Duration.seconds(5)), Provisioner.fetch({ source: '/a' }), Provisioner.checkNow(Check.file('/a')),
      Provisioner.local({ command: ['true'] }),
    ],
  }, '86d33c52086b2aa8a670406d1a1eae44be5e6ae9ea8eadf85e4b5bc7c307b63f'],
  ['every check', {
    checks: [
      Check.command('true', { stdout: ['a'], timeout: Duration.seconds(1) }), Check.file('/a', { linkedTo: 'b' }), Check.package('a'), Check.service('a'),
      Check.user('a'), Check.group('a'), Check.port('tcp:80'), Check.process('a'),
    ],
  }, 'a298249c3e70746d58d5409c63c568301a49fe0a78a6567680db6e574a699cb9'],
  ['Debian 12 for arm64', { source: Source.debian('12', { architecture: InstanceArchitecture.ARM_64 }) }, '82d2703c5087908ed64f8905bfb84c2d1becd0e9d357778243b0ff229369c690'],
  ['Ubuntu 22.04', { source: Source.ubuntu('22.04') }, '9dd2b7ee41e2c161c42a04346d21a5518c1d7142794528e5e4cafaf20f577605'],
  ['Ubuntu 24.04', { source: Source.ubuntu('24.04') }, '7c848dce10364493d02c6edaa44bb0bd8538a70915281647e600c872b54ae770'],
  ['Amazon Linux 2023', { source: Source.amazonLinux2023() }, '6e0e2e617c34f220a4e0789d8e78532c49d657f128b08347fc2d6ff946abfb41'],
  ['an AMI', { source: Source.ami('ami-12345678') }, 'b3247150988b12c123fcd321a8addb8b44e54520907d7f62bd3912b4365d4f94'],
  ['an SSM parameter', { source: Source.ssmParameter('/base') }, 'ff5504ab909ff1c87aae9eaf609ca8f24fd0223b8819b52c2040d27f18883f56'],
  ['a filter', { source: Source.filter({ owners: ['self'], name: 'base-*' }) }, '9cf44f839ca94f1863cb3a48002d23074268fb87f61436280438cc7e7d26420d'],
  ['a system put together from mirrors', {
    source: Source.local(LocalSource.mirror({
      distribution: MirrorDistribution.DEBIAN, suite: 'bookworm', mirrors: [{ url: 'http://deb.debian.org/debian' }], packages: ['linux-image-amd64'],
    })),
  }, '270b034776743388fcb95ad040a70e331a2fb05da640b946c0189df4e8f9f865'],
  ['a root tar', { source: Source.local(LocalSource.rootTar('base.tar', 'a'.repeat(64))) }, '7f3444919cc0987d62b37ad143f8af048e1e61e894225f613e7d385198b83e5f'],
];

// A change here builds every image of every user anew. If that is not meant, do not change the figure but what moved it.
test.each(samples)('a release of this library does not change what an image is: %s', (_, props, hash) => {
  expect(hashOf(props)).toBe(hash);
});

test('nothing that this library makes is left out in this file', () => {
  const text = readFileSync(__filename, 'utf8');
  const factories = Object.entries({ Provisioner, Check, Source }).flatMap(([name, type]) => (
    Object.getOwnPropertyNames(type).filter((member) => typeof Reflect.get(type, member) === 'function').map((member) => `${name}.${member}`)
  ));
  // The first takes data as it is, the second ends in a fault.
  expect(factories.filter((factory) => !text.includes(`${factory}(`))).toEqual(['Check.of', 'Source.unknownRelease']);
});

describe('what does not make another image', () => {
  test('its construct path, stage, stack, account and region', () => {
    const app = new App();
    const stage = new Stage(app, 'Production', { env: { account: '123456789012', region: 'eu-west-1' } });
    const elsewhere = new AmiImage(new Stack(stage, 'Elsewhere'), 'Renamed', base);
    expect(elsewhere.definitionHash).toBe(hashOf());
  });

  test.each<[string, Partial<AmiImageProps>]>([
    ['the instance type', { builder: { instanceTypes: [new InstanceType('m7i.large')] } }],
    ['the communicator', { builder: { communicator: Communicator.ssh({ port: 2222 }) } }],
    ['the name and the description', { imageName: 'web', description: 'Serves the web' }],
    ['where it goes', { distribution: { regions: ['eu-west-2'], accounts: ['123456789012'], tags: { team: 'web' } } }],
    ['its local counterpart', { source: Source.debian('12', { local: LocalSource.rootTar('/base.tar', 'a'.repeat(64)) }) }],
    ['the ID of a provisioner', { provisioners: [{ id: 'Greeting', bind: (scope, context) => base.provisioners![0].bind(scope, context) }] }],
    ['a checkpoint', { provisioners: [...base.provisioners!, Provisioner.checkpoint()] }],
  ])('%s', (_, props) => {
    expect(hashOf(props)).toBe(hashOf());
  });
});

describe('what makes another image', () => {
  test.each<[string, Partial<AmiImageProps>]>([
    ['another source', { source: Source.ubuntu('24.04') }],
    ['another architecture', { source: Source.debian('12', { architecture: InstanceArchitecture.ARM_64 }) }],
    ['another command', { provisioners: [Provisioner.shell({ inline: ['echo bye'], secrets: { TOKEN: SecretRef.ssm('/token') } })] }],
    ['another secret', { provisioners: [Provisioner.shell({ inline: ['echo hello'], secrets: { TOKEN: SecretRef.ssm('/other') } })] }],
    ['another check', { checks: [Check.file('/etc/motd', { mode: '0644' })] }],
    ['another size of the root volume', { rootVolumeSize: Size.gibibytes(8) }],
  ])('%s', (_, props) => {
    expect(hashOf(props)).not.toBe(hashOf());
  });

  test('other bytes or another executable bit of a file, but not its place or its group\'s rights', () => {
    const folder = mkdtempSync(join(tmpdir(), 'golden-identity-'));
    const fileHash = (name: string, content: string, mode: number) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      chmodSync(path, mode);
      return hashOf({ provisioners: [Provisioner.file({ source: FileSource.asset(path), destination: '/etc/motd' })] });
    };
    try {
      const first = fileHash('a', 'hello\n', 0o644);
      expect(fileHash('b', 'hello\n', 0o600)).toBe(first);
      expect(fileHash('a', 'hello\r\n', 0o644)).not.toBe(first);
      expect(fileHash('a', 'hello\n', 0o755)).not.toBe(first);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('another parent, all the way down', () => {
    const grandchild = (line: string) => {
      const stack = newStack();
      const parent = declareImage({ provisioners: [Provisioner.shell({ inline: [line] })] }, stack);
      const child = new AmiImage(stack, 'Child', { source: Source.image(parent) });
      return new AmiImage(stack, 'Grandchild', { source: Source.image(child) }).definitionHash;
    };
    expect(grandchild('echo 1')).toBe(grandchild('echo 1'));
    expect(grandchild('echo 1')).not.toBe(grandchild('echo 2'));
  });
});

test('only where it goes is in the delivery hash', () => {
  const deliveryHash = (props: Partial<AmiImageProps>) => declareImage({ ...base, imageName: 'web', ...props })._plan().deliveryHash;
  expect(deliveryHash({ checks: [] })).toBe(deliveryHash({}));
  expect(deliveryHash({ distribution: { regions: ['eu-west-2'] } })).not.toBe(deliveryHash({}));
});
