import { App, CfnParameter, Duration, Lazy, SecretValue, Size, Stack, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { declareImage, faultsOf, newStack, synthesisError } from './declaration';
import { InvalidPlanError } from '../../lib/errors';
import { AmiImage } from '../../lib/image/ami-image';
import type { AmiImageProps } from '../../lib/image/ami-image-props';
import { Check } from '../../lib/image/checks/check';
import { Communicator } from '../../lib/image/communicator';
import { FileSource } from '../../lib/image/file-source';
import { ParameterRef } from '../../lib/image/parameter-ref';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import type { ShellProps } from '../../lib/image/provisioners/shell-props';
import { SecretRef } from '../../lib/image/secret-ref';
import { Source } from '../../lib/image/sources/source';

test('synthesis reports all faults of all images together, each with its path and what to do', () => {
  const stack = newStack();
  declareImage({
    imageName: 'web',
    builder: { instanceTypes: [new ec2.InstanceType('t4g.small')] },
    provisioners: [
      Provisioner.shell({ inline: [] }),
      Provisioner.file({ source: FileSource.asset('/nowhere/site'), destination: 'srv', mode: '0999' }),
    ],
  }, stack);
  const other = new AmiImage(stack, 'Other', { source: Source.ubuntu('24.04'), imageName: 'web', checks: [Check.file('motd')] });
  new ec2.LaunchTemplate(stack, 'Template', { machineImage: other });

  expect(synthesisError(stack)).toBe([
    'Validation failed with the following errors:',
    '  [Stack/Image] The instance type t4g.small is of the architecture arm64, the source of x86_64',
    '    Build on an instance type for x86_64, or take the source for arm64.',
    '  [Stack/Image/Shell] It has nothing to run',
    '    Give inline, script or scripts, or leave the provisioner out.',
    '  [Stack/Image/File] 0999 is not the mode of a file',
    '    Give an octal number with a leading zero, such as 0644.',
    '  [Stack/Image/File] There is no file "/nowhere/site"',
    '    Relative paths start at the folder that the app runs in; path.join(__dirname, ...) is safer.',
    '  [Stack/Image/File] The destination "srv" is relative',
    '    Give an absolute path.',
    '  [Stack/Other] Stack/Image has the imageName web already',
    '    Give each image of a stack its own.',
    '  [Stack/Other] file motd: the path is relative',
    '    Give an absolute path.',
  ].join('\n'));
});

test('reading the hash of a faulty image tells its faults', () => {
  const image = declareImage({ provisioners: [Provisioner.shell({ inline: [] })] });
  expect(() => image.definitionHash).toThrow(InvalidPlanError);
  expect(() => image.definitionHash).toThrow(/^Stack\/Image has 1 fault:\n {2}Stack\/Image\/Shell: It has nothing to run\n {4}Give inline/);
});

test('a faulty image never reaches an assembly, not even where CDK\'s validation is off', () => {
  const stack = newStack();
  declareImage({ provisioners: [Provisioner.shell({ inline: [] })] }, stack);
  expect(() => (stack.node.root as App).synth({ skipValidation: true })).toThrow(InvalidPlanError);
});

describe('a CDK token', () => {
  const parameter = (stack: Stack) => new CfnParameter(stack, 'Parameter').valueAsString;
  const faults = (props: (stack: Stack) => Partial<AmiImageProps>) => {
    const stack = newStack();
    return faultsOf(declareImage(props(stack), stack)).map(({ code, path, message }) => [code, path, message]);
  };

  test.each<[string, (stack: Stack) => Partial<ShellProps>, string]>([
    ['in a script', (stack) => ({ inline: [`echo ${parameter(stack)}`] }),
      'inline holds Stack/Parameter, of the image\'s own stack: that is deployed after the image is built'],
    ['in the environment', (stack) => ({ environment: { REGION: stack.region } }),
      'environment.REGION holds a CDK token that nobody can read before the deployment'],
    ['in the name of a variable', (stack) => ({ environment: { [stack.region]: '1' } }), expect.stringMatching(/^run\.environment\..* holds a CDK token$/)],
    ['in an argument', (stack) => ({ arguments: [stack.account] }), 'run.arguments[0] holds a CDK token'],
    ['as a list', () => ({ arguments: Token.asList(Lazy.list({ produce: () => [] })) }), 'run.arguments holds a CDK token'],
    ['as a number', () => ({ validExitCodes: [Token.asNumber(Lazy.number({ produce: () => 1 }))] }), 'run.validExitCodes[0] holds a CDK token'],
    ['in the user', (stack) => ({ user: parameter(stack) }), 'run.user holds a CDK token'],
    ['as a duration', () => ({ timeout: Duration.seconds(Lazy.number({ produce: () => 1 })) }),
      'A duration holds a CDK token, which has no value before the deployment'],
    ['in the name of a parameter', (stack) => ({ parameters: { A: ParameterRef.ssm(parameter(stack)) } }),
      'The name of the parameter parameters.A is Stack/Parameter, of the image\'s own stack: that is deployed after the image is built'],
    ['in the name of a variable of this process', (stack) => ({ parameters: { A: ParameterRef.environment(parameter(stack)) } }),
      'The name of a parameter holds a CDK token, which has no value before the deployment'],
    ['in the name of a secret', (stack) => ({ secrets: { A: SecretRef.secretsManager(new secretsmanager.Secret(stack, 'Secret').secretArn) } }),
      'The name of the secret secrets.A is Stack/Secret/Resource, of the image\'s own stack: that is deployed after the image is built'],
  ])('%s of a shell provisioner is refused with its path', (_, props, message) => {
    expect(faults((stack) => ({ provisioners: [Provisioner.shell({ inline: ['true'], ...props(stack) })] }))).toEqual([
      ['token', 'Stack/Image/Shell', message],
    ]);
  });

  test.each<[string, (stack: Stack) => Partial<AmiImageProps>, string]>([
    ['the name', (stack) => ({ imageName: parameter(stack) }), 'delivery.name holds a CDK token'],
    ['a region that it goes to', (stack) => ({ distribution: { regions: [stack.region] } }), 'delivery.regions[0].region holds a CDK token'],
    ['the AMI that it starts from', (stack) => ({ source: Source.ami(parameter(stack), { hasSsmAgent: true }) }), 'source.imageId holds a CDK token'],
    ['the root volume', () => ({ rootVolumeSize: Size.gibibytes(Lazy.number({ produce: () => 1 })) }), 'rootVolumeSize holds a CDK token'],
    ['the instance type', (stack) => ({ builder: { instanceTypes: [new ec2.InstanceType(parameter(stack))] } }), 'builder.instanceTypes[0] holds a CDK token'],
    ['a check', (stack) => ({ checks: [Check.file('/a', { contents: [stack.region] })] }), 'file.attributes.contents[0] holds a CDK token'],
    ['the time that a check may take', () => ({ checks: [Check.command('true', { timeout: Duration.seconds(Lazy.number({ produce: () => 1 })) })] }),
      'command.attributes.timeout holds a CDK token'],
  ])('in %s is refused', (_, props, message) => {
    expect(faults(props)).toEqual([['token', 'Stack/Image', message]]);
  });

  test.each<[string, (stack: Stack) => Partial<AmiImageProps>, string]>([
    ['a user', (stack) => ({ provisioners: [Provisioner.user(parameter(stack))] }), 'Stack/Image/User'],
    ['a package', (stack) => ({ provisioners: [Provisioner.packages([parameter(stack)])] }), 'Stack/Image/Packages'],
    ['a destination', (stack) => ({ provisioners: [Provisioner.file({ source: FileSource.inline(''), destination: parameter(stack) })] }), 'Stack/Image/File'],
    ['a path', (stack) => ({ provisioners: [Provisioner.file({ source: FileSource.asset(parameter(stack)), destination: '/a' })] }), 'Stack/Image/File'],
  ])('in %s is one fault, not two', (_, props, path) => {
    expect(faults(props)).toEqual([['token', path, expect.any(String)]]);
  });

  test('whose value is known is no token any more', () => {
    const stack = newStack({ env: { account: '123456789012', region: 'eu-west-1' } });
    const image = declareImage({ provisioners: [Provisioner.shell({ inline: [`echo ${stack.region}`] })] }, stack);
    expect(image._plan().target).toEqual({ account: '123456789012', region: 'eu-west-1' });
  });
});

describe('a secret', () => {
  const value = SecretValue.secretsManager('registry');

  test.each<[string, ShellProps]>([
    ['unwrapped', { inline: [`login ${value.unsafeUnwrap()}`] }],
    ['put into a text', { inline: [`login ${value}`] }],
    ['from SSM', { inline: [`login ${SecretValue.ssmSecure('/token').unsafeUnwrap()}`] }],
    ['written as a dynamic reference', { inline: ['login {{resolve:secretsmanager:registry}}'] }],
    ['resolved to a dynamic reference', { inline: [`login ${newStack().resolve(value.unsafeUnwrap())}`] }],
  ])('%s is refused, with the way to give it', (_, props) => {
    expect(faultsOf(declareImage({ provisioners: [Provisioner.shell(props)] }))).toEqual([expect.objectContaining({
      code: 'secret', path: 'Stack/Image/Shell', hint: expect.stringContaining('secrets: { NAME: SecretRef.secretsManager(...) }'),
    })]);
  });
});

test('a dynamic reference that is no secret is refused, too', () => {
  const image = declareImage({ provisioners: [Provisioner.shell({ inline: ['echo {{resolve:ssm:/version}}'] })] });
  expect(faultsOf(image)).toEqual([expect.objectContaining({ code: 'dynamic-reference', hint: expect.stringContaining('ParameterRef.ssm') })]);
});

test.each<[string, Partial<AmiImageProps>, string]>([
  ['a NUL byte, which no process can be given', { provisioners: [Provisioner.shell({ inline: ['true'], arguments: ['a\0b'] })] }, 'nul-byte'],
  ['a name that no AMI can have', { imageName: 'größe' }, 'invalid-name'],
  ['a region that is none', { distribution: { regions: ['Ireland'] } }, 'invalid-region'],
  ['an account without its 12 digits', { encrypted: false, distribution: { accounts: ['123'] } }, 'invalid-account'],
  ['a tag that only AWS may set', { distribution: { tags: { 'aws:team': 'web' } } }, 'invalid-tag'],
  ['a port that no machine has', { builder: { communicator: Communicator.ssh({ port: 70_000 }) } }, 'invalid-port'],
  ['a root volume of no size', { rootVolumeSize: Size.mebibytes(0) }, 'invalid-size'],
])('%s is a fault', (_, props, code) => {
  expect(faultsOf(declareImage(props)).map((fault) => fault.code)).toEqual([code]);
});

test('what types cannot hold off, the schema does', () => {
  const image = declareImage({ provisioners: [Provisioner.shell({ inline: ['true'], environment: { A: 1 as unknown as string } })] });
  expect(faultsOf(image).map((fault) => fault.code)).toEqual(['invalid-field']);
});
