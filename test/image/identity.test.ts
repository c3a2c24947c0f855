import { mkdtempSync, rmSync, writeFileSync, chmodSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Size, Stack, Stage } from 'aws-cdk-lib';
import { InstanceArchitecture, InstanceType } from 'aws-cdk-lib/aws-ec2';
import { declareImage, newStack } from './declaration';
import { AmiImage } from '../../lib/image/ami-image';
import type { AmiImageProps } from '../../lib/image/ami-image-props';
import { Check } from '../../lib/image/checks/check';
import { Communicator } from '../../lib/image/communicator';
import { FileSource } from '../../lib/image/file-source';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import { SecretRef } from '../../lib/image/secret-ref';
import { LocalSource } from '../../lib/image/sources/local-source';
import { Source } from '../../lib/image/sources/source';

const base: AmiImageProps = {
  source: Source.debian('12'),
  provisioners: [Provisioner.shell({ inline: ['echo hello'], secrets: { TOKEN: SecretRef.ssm('/token') } })],
  checks: [Check.file('/etc/motd')],
};
const hashOf = (props: Partial<AmiImageProps> = {}) => declareImage({ ...base, ...props }).definitionHash;

// A change here builds every image of every user anew. If that is not meant, do not change the figure but what moved it.
test.each<[string, Partial<AmiImageProps>, string]>([
  ['a shell and a check', {}, 'a90524e7646cfed1eb4da507679ae883e1e176aeb0cf901ba4992176cbe73a57'],
  ['packages', { provisioners: [Provisioner.packages(['nginx'])] }, '89be5dac80f64147094505f04873cb0941686e8c70b6f3dfd5177a677738e77c'],
  ['a user', { provisioners: [Provisioner.user('agent', { authorizedKeys: ['ssh-ed25519 AAAA me'], groups: ['adm'] })] }, 'c2d2cf7a1281916aef3d5b3e1cb779a2f1e96f22856726a8f06541f67bc1bc33'],
  ['a service', { provisioners: [Provisioner.service('agent', { unit: FileSource.inline('[Service]') })] }, '418956eefedd30a09571cd28c9eb5b170706210d44379d56beab01fe97bca666'],
  ['a download', {
    provisioners: [Provisioner.download({ url: 'https://example.com/a', sha256: 'a'.repeat(64), destination: '/a' })],
  }, '5815e4e17a37b7ad5f0a77b710067b601e9007ed58a4ac1517a5f0ffe98390a2'],
])('a release of this library does not change what an image is: %s', (_, props, hash) => {
  expect(hashOf(props)).toBe(hash);
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
