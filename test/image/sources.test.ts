import { join } from 'path';
import { InstanceArchitecture, InstanceType } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { declareImage, faultsOf, newStack } from './declaration';
import { AmiImage } from '../../lib/image/ami-image';
import { OsFamily } from '../../lib/image/os-family';
import type { IBaseImage } from '../../lib/image/sources/base-image';
import { LocalSource, MirrorDistribution } from '../../lib/image/sources/local-source';
import { Source } from '../../lib/image/sources/source';

const arm64 = { architecture: InstanceArchitecture.ARM_64 };
const sourceOf = (source: Source) => declareImage({ source })._plan().definition.source;
const mirror = { distribution: MirrorDistribution.DEBIAN, suite: 'bookworm', mirrors: [{ url: 'http://deb.debian.org/debian' }], packages: ['systemd-sysv'] };
const localOf = (source: Source) => JSON.parse(JSON.stringify(sourceOf(source).local));

describe('distributions by name', () => {
  test.each<[string, Source, object]>([
    ['Ubuntu 22.04', Source.ubuntu('22.04'), {
      type: 'ssm', parameter: '/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id', user: 'ubuntu', ssmAgent: true,
    }],
    ['Ubuntu 24.04', Source.ubuntu('24.04'), {
      type: 'ssm', parameter: '/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id', user: 'ubuntu', ssmAgent: true,
    }],
    ['Ubuntu 24.04 for arm64', Source.ubuntu('24.04', arm64), {
      type: 'ssm', parameter: '/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id', user: 'ubuntu', ssmAgent: true,
    }],
    ['Debian 12', Source.debian('12'), {
      type: 'filter',
      owners: ['136693071363'],
      filters: { 'name': ['debian-12-amd64-*'], 'architecture': ['x86_64'], 'root-device-type': ['ebs'] },
      mostRecent: true,
      user: 'admin',
      ssmAgent: false,
    }],
    ['Debian 12 for arm64', Source.debian('12', arm64), {
      type: 'filter', filters: { 'name': ['debian-12-arm64-*'], 'architecture': ['arm64'], 'root-device-type': ['ebs'] },
    }],
    ['Amazon Linux 2023', Source.amazonLinux2023(), {
      type: 'ssm', parameter: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64', user: 'ec2-user', ssmAgent: true,
    }],
    ['Amazon Linux 2023 for arm64', Source.amazonLinux2023(arm64), {
      type: 'ssm', parameter: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64',
    }],
  ])('%s', (_, source, expected) => {
    expect(sourceOf(source)).toMatchObject(expected);
  });

  test('Debian 12 is put together from its three suites, security included', () => {
    expect(localOf(Source.debian('12'))).toMatchObject({
      type: 'mirror',
      distribution: 'debian',
      suite: 'bookworm',
      mirrors: [
        { url: 'http://deb.debian.org/debian', suite: 'bookworm', components: ['main'] },
        { url: 'http://deb.debian.org/debian', suite: 'bookworm-updates', components: ['main'] },
        { url: 'http://deb.debian.org/debian-security', suite: 'bookworm-security', components: ['main'] },
      ],
      packages: expect.arrayContaining(['linux-image-cloud-amd64', 'openssh-server', 'systemd-resolved', 'systemd-sysv']),
    });
    expect(localOf(Source.debian('12', arm64)).packages).toContain('linux-image-cloud-arm64');
  });

  test('Ubuntu for arm64 comes from the ports mirror; 22.04 has systemd-resolved in systemd itself', () => {
    const jammy = localOf(Source.ubuntu('22.04', arm64));
    expect(jammy.mirrors).toEqual(['jammy', 'jammy-updates', 'jammy-security'].map((suite) => ({
      url: 'http://ports.ubuntu.com/ubuntu-ports', suite, components: ['main', 'universe'],
    })));
    expect(jammy.packages).toContain('linux-image-virtual');
    expect(jammy.packages).not.toContain('systemd-resolved');
    expect(localOf(Source.ubuntu('24.04')).packages).toContain('systemd-resolved');
    expect(localOf(Source.ubuntu('24.04')).mirrors[0].url).toBe('http://archive.ubuntu.com/ubuntu');
  });

  test('Amazon Linux has a local counterpart only if it is given one', () => {
    expect(sourceOf(Source.amazonLinux2023()).local).toBeUndefined();
    expect(sourceOf(Source.amazonLinux2023({ local: LocalSource.rootTar('https://example.com/al.tar', 'A'.repeat(64)) })).local)
      .toEqual({ type: 'rootTar', location: 'https://example.com/al.tar', sha256: 'a'.repeat(64) });
  });

  test('an unknown release is a fault that lists the known ones', () => {
    expect(faultsOf(declareImage({ source: Source.ubuntu('20.04') }))).toEqual([expect.objectContaining({
      code: 'unknown-release', path: 'Stack/Image', message: 'There is no Ubuntu "20.04" here', hint: expect.stringContaining('22.04, 24.04'),
    })]);
  });
});

describe('other sources', () => {
  test('an AMI by its ID, with what cannot be seen from it', () => {
    const options = { ...arm64, osFamily: OsFamily.SUSE, loginUser: 'admin', hasSsmAgent: true };
    const plan = declareImage({ source: Source.ami('ami-0123456789abcdef0', options) })._plan();
    expect(plan.definition.source).toEqual({ type: 'ami', imageId: 'ami-0123456789abcdef0', user: 'admin', ssmAgent: true, local: undefined });
    expect(plan.definition.machine).toMatchObject({ architecture: 'arm64', osFamily: 'suse' });
  });

  test('an SSM parameter, whose value is resolved when the image is built', () => {
    expect(sourceOf(Source.ssmParameter('/company/base', { osFamily: OsFamily.DEBIAN }))).toMatchObject({ type: 'ssm', parameter: '/company/base', user: 'ec2-user', ssmAgent: false });
  });

  test('a filter of one\'s own overrides the usual ones', () => {
    expect(sourceOf(Source.filter({ owners: ['self'], filters: { 'tag:team': ['web'], 'root-device-type': ['instance-store'] }, mostRecent: false, hasSsmAgent: true })))
      .toMatchObject({ owners: ['self'], mostRecent: false, filters: { 'tag:team': ['web'], 'root-device-type': ['instance-store'] } });
  });

  test('a system that exists only outside of the cloud', () => {
    expect(sourceOf(Source.local(LocalSource.rootTar('/base.tar', 'b'.repeat(64))))).toMatchObject({ type: 'local', local: { location: '/base.tar' } });
  });

  test.each([
    ['a relative path', 'bases/debian.tar', 'bases/debian.tar'],
    ['a relative path to outside of the folder that the app runs in', '../debian.tar', '../debian.tar'],
    ['an absolute path to inside of that folder', join(process.cwd(), 'bases', 'debian.tar'), 'bases/debian.tar'],
    ['an absolute path to elsewhere', '/var/lib/debian.tar', '/var/lib/debian.tar'],
    ['a URL', 'https://example.com/debian.tar', 'https://example.com/debian.tar'],
  ])('a root tar by %s is said without the folder of the app', (_, given, location) => {
    expect(sourceOf(Source.local(LocalSource.rootTar(given, 'b'.repeat(64)))).local).toMatchObject({ location });
  });

  test('another image: its hash is recorded, and what it is like is taken over', () => {
    const stack = newStack();
    const parent = declareImage({ source: Source.ubuntu('24.04', arm64) }, stack);
    const plan = new AmiImage(stack, 'Child', { source: Source.image(parent) })._plan();
    expect(plan.definition.source).toMatchObject({
      type: 'image', definitionHash: parent.definitionHash, image: 'Stack/Image', user: 'ubuntu', ssmAgent: true,
    });
    expect(plan.definition.machine).toMatchObject({ architecture: 'arm64', osFamily: 'debian' });
    expect(plan.builder.instanceTypes).toEqual(['t4g.medium']);
  });

  test('an image of somebody else\'s making', () => {
    class Imported extends Construct implements IBaseImage {
      readonly definitionHash = 'c'.repeat(64);
      readonly architecture = InstanceArchitecture.ARM_64;
      readonly osFamily = OsFamily.REDHAT;
      readonly loginUser = 'admin';
      readonly hasSsmAgent = true;
    }
    const imported = new Imported(newStack(), 'Imported');
    expect(sourceOf(Source.image(imported))).toEqual({
      type: 'image', definitionHash: 'c'.repeat(64), image: 'Stack/Imported', user: 'admin', ssmAgent: true, local: undefined,
    });
  });

  test.each<[string, Source, string]>([
    ['something that is not the ID of an AMI', Source.ami('my-image'), 'invalid-ami-id'],
    ['a parameter name with a blank', Source.ssmParameter('/a b'), 'invalid-parameter-name'],
    ['a filter without owners', Source.filter({ owners: [], name: 'x' }), 'no-owner'],
    ['a filter that takes everything', Source.filter({ owners: ['self'] }), 'no-filter'],
    ['a root tar without a digest', Source.local(LocalSource.rootTar('/base.tar', 'abc')), 'invalid-digest'],
    ['a root tar that is nowhere', Source.local(LocalSource.rootTar('', 'b'.repeat(64))), 'no-root-tar'],
    ['a counterpart without mirrors', Source.debian('12', { local: LocalSource.mirror({ ...mirror, mirrors: [] }) }), 'no-mirror'],
    ['a mirror without a URL', Source.local(LocalSource.mirror({ ...mirror, mirrors: [{ url: 'deb.debian.org' }] })), 'invalid-url'],
    ['a system without a suite', Source.local(LocalSource.mirror({ ...mirror, suite: '' })), 'no-suite'],
    ['a package that would be an option', Source.local(LocalSource.mirror({ ...mirror, packages: ['--force'] })), 'invalid-package'],
  ])('%s is a fault', (_, source, code) => {
    expect(faultsOf(declareImage({ source })).map((fault) => fault.code)).toEqual([code]);
  });
});

describe('the instance type', () => {
  test('of the wrong architecture is a fault that names both', () => {
    const image = declareImage({ source: Source.debian('12', arm64), builder: { instanceTypes: [new InstanceType('m7g.large'), new InstanceType('m7i.large')] } });
    expect(faultsOf(image)).toEqual([expect.objectContaining({
      code: 'wrong-architecture', message: 'The instance type m7i.large is of the architecture x86_64, the source of arm64',
    })]);
  });

  test('that is none is a fault', () => {
    expect(faultsOf(declareImage({ builder: { instanceTypes: [new InstanceType('huge')] } })).map((fault) => fault.code)).toEqual(['invalid-instance-type']);
    expect(faultsOf(declareImage({ builder: { instanceTypes: [] } })).map((fault) => fault.code)).toEqual(['no-instance-type']);
  });
});
