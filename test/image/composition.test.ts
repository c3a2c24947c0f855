import { InstanceArchitecture } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { declareImage, faultsOf } from './declaration';
import { Check } from '../../lib/image/checks/check';
import { FileSource } from '../../lib/image/file-source';
import { OsFamily } from '../../lib/image/os-family';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import type { IProvisioner, ProvisionerContext } from '../../lib/image/provisioners/provisioner-context';

/** What a user might write: others composed, things done right away, a check, a fault of its own. */
class StaticSite implements IProvisioner {
  constructor(private readonly title: string) {}

  bind(_scope: Construct, context: ProvisionerContext): void {
    if (this.title === '') { context.addFault('The site has no title', 'Give one.'); }
    const server = context.osFamily === OsFamily.DEBIAN ? 'nginx-light' : 'nginx';
    context.apply(Provisioner.packages([server]), Provisioner.shell({ inline: ['rm -rf /var/www/html'] }));
    context.put({ source: FileSource.inline(this.title), destination: '/var/www/html/index.html' });
    context.run({ inline: ['nginx -t'] });
    context.addCheck(Check.service('nginx'));
  }
}

test('a provisioner of one\'s own does what it composes, in order, under its own path', () => {
  const { instructions, checks } = declareImage({ provisioners: [new StaticSite('Hello')] })._plan().definition;
  expect(instructions.map(({ type, origin }) => [type, origin])).toEqual([
    ['run', 'StaticSite/Packages'], ['run', 'StaticSite/Shell'], ['put', 'StaticSite'], ['run', 'StaticSite'],
  ]);
  expect(instructions[0]).toMatchObject({ arguments: ['nginx-light'] });
  expect(checks).toEqual([expect.objectContaining({ type: 'service', resource: 'nginx', origin: 'StaticSite' })]);
});

test('each provisioner is a construct with a readable ID, numbered where it is taken', () => {
  const named: IProvisioner = { id: 'Hardening', bind: (_scope, context) => context.run({ inline: ['true'] }) };
  const anonymous: IProvisioner = { bind: (_scope, context) => context.run({ inline: ['true'] }) };
  const image = declareImage({
    provisioners: [Provisioner.shell({ inline: ['true'] }), new StaticSite('a'), Provisioner.shell({ inline: ['true'] }), named, anonymous, named],
  });
  expect(image.node.children.map((child) => child.node.id)).toEqual([
    'Definition', 'Alias', 'Shell', 'StaticSite', 'Shell2', 'Hardening', 'Provisioner', 'Hardening2',
  ]);
});

test('a provisioner knows the machine that it is for, and may make constructs in its scope', () => {
  const seen: unknown[] = [];
  const image = declareImage();
  image.addProvisioner({
    bind: (scope, context) => {
      new Construct(scope, 'Child');
      seen.push(context.architecture, context.osFamily.name);
    },
  });
  expect(seen).toEqual([InstanceArchitecture.X86_64, 'debian']);
  expect(image.node.tryFindChild('Provisioner')?.node.tryFindChild('Child')).toBeDefined();
});

test('its faults carry its path', () => {
  expect(faultsOf(declareImage({ provisioners: [new StaticSite('')] }))).toEqual([
    { code: 'invalid-provisioner', path: 'Stack/Image/StaticSite', message: 'The site has no title', hint: 'Give one.' },
  ]);
});

test('an error in its code is not hidden', () => {
  expect(() => declareImage({ provisioners: [{ bind: () => { throw new TypeError('a bug'); } }] })).toThrow(new TypeError('a bug'));
});
