import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join, relative } from 'path';
import { App, BootstraplessSynthesizer, LegacyStackSynthesizer, NestedStack, Stack, Stage, type Environment } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { declareImage, faultsOf, newStack, synthesisError } from './declaration';
import { AmiImage } from '../../lib/image/ami-image';
import type { AmiImageProps } from '../../lib/image/ami-image-props';
import { Delivery } from '../../lib/image/delivery';
import { engineFiles } from '../../lib/image/delivery/engine-files';
import { LOADER } from '../../lib/image/delivery/loader';
import type { OnDeployOptions } from '../../lib/image/delivery-options';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import { Source } from '../../lib/image/sources/source';

const env = { account: '111122223333', region: 'eu-west-1' };
let outdir: string;

beforeEach(() => { outdir = mkdtempSync(join(realpathSync(tmpdir()), 'on-deploy-')); });
afterEach(() => rmSync(outdir, { recursive: true }));

interface Asset {
  readonly displayName: string;
  readonly source: { readonly executable?: readonly string[] };
}

/** The assets of a stack that are made by a command, by their hashes. */
function executables(manifest: string): { readonly [hash: string]: Asset } {
  const { files } = JSON.parse(readFileSync(join(outdir, manifest), 'utf8')) as { files: { [hash: string]: Asset } };
  return Object.fromEntries(Object.entries(files).filter(([, { source }]) => source.executable));
}

const commands = (manifest: string) => Object.values(executables(manifest)).map(({ source }) => source.executable!);
const imagesIn = (app: App, props: Partial<AmiImageProps> = {}, id = 'Images') => declareImage(props, new Stack(app, id, { env }));

test('the stack of an image has a command among its assets that finds the assembly and applies the plan', () => {
  const app = new App({ outdir });
  imagesIn(app);
  app.synth();

  expect(Object.values(executables('Images.assets.json'))).toEqual([{
    displayName: `golden image Images/Image (log: ${relative('.', outdir)}/golden/ImagesImage8C66D468.log)`,
    source: {
      executable: ['node', '-e', LOADER, relative('.', outdir), expect.stringMatching(/^[0-9a-f]{64}$/), 'apply', '--plan', 'ImagesImage8C66D468.golden-plan.json'],
    },
    destinations: expect.anything(),
  }]);
});

test('the assembly has the engine, also where only a stage of it has images', () => {
  const app = new App({ outdir });
  imagesIn(new Stage(app, 'Prod') as App);
  app.synth();

  expect(engineFiles().map((file) => readFileSync(file).equals(readFileSync(join(outdir, 'golden', file.split('/').pop()!))))).toEqual([true, true, true]);
  expect(existsSync(join(outdir, 'assembly-Prod', 'golden'))).toBe(false);
  const manifest = readdirSync(join(outdir, 'assembly-Prod')).find((name) => name.endsWith('.assets.json'))!;
  expect(commands(`assembly-Prod/${manifest}`).map((command) => command.slice(3))).toEqual([[
    relative('.', outdir), expect.stringMatching(/^[0-9a-f]{64}$/), 'apply', '--plan', expect.stringMatching(/^assembly-Prod\/ProdImagesImage[0-9A-F]{8}\.golden-plan\.json$/),
  ]]);
});

test('the assembly of a unit test, which nobody removes, has no copy of the engine, but finds it', () => {
  const app = new App();
  imagesIn(app);
  const { directory } = app.synth();
  expect(readdirSync(join(directory, 'golden'))).toEqual(['golden.js']);
  expect(readFileSync(join(directory, 'golden', 'golden.js'), 'utf8')).toBe(`require("${engineFiles()[0]}");\n`);
});

test('a package without its engine says so, and what to do', () => {
  expect(() => engineFiles('/nowhere')).toThrow('/nowhere/golden.js does not exist, which builds the images of the app');
});

test('the template has the alias and the definition of the image, and reads the AMI ID by the hash', () => {
  const stack = newStack({ env });
  declareImage({}, stack);
  const { Resources, Parameters } = Template.fromStack(stack).toJSON();
  delete Parameters.BootstrapVersion;
  expect({ Resources, Parameters }).toMatchSnapshot();
});

test('what uses the image in its own stack shares its parameter, nested stacks included', () => {
  const stack = newStack({ env });
  const image = declareImage({}, stack);
  const nested = new NestedStack(stack, 'Nested');
  [stack, nested].forEach((scope) => new ec2.LaunchTemplate(scope, 'Template', { machineImage: image }));

  const logicalId = `GoldenImage${image.definitionHash.slice(0, 16)}`;
  const template = Template.fromStack(stack);

  expect(Object.keys(template.findParameters('*'))).toEqual([logicalId, 'BootstrapVersion']);
  template.hasResourceProperties('AWS::EC2::LaunchTemplate', { LaunchTemplateData: { ImageId: { Ref: logicalId } } });
  const [inner] = Object.values(template.findResources('AWS::CloudFormation::Stack')) as { Properties: { Parameters: { [name: string]: unknown } } }[];
  const [[passed, value]] = Object.entries(inner.Properties.Parameters);
  expect(value).toEqual({ Ref: logicalId });
  Template.fromStack(nested).hasResourceProperties('AWS::EC2::LaunchTemplate', { LaunchTemplateData: { ImageId: { Ref: passed } } });
});

test('an image of a nested stack is built by the stack around it, which also reads its ID', () => {
  const app = new App({ outdir });
  const stack = new Stack(app, 'Images', { env });
  const image = declareImage({}, new NestedStack(stack, 'Nested') as Stack);
  app.synth();

  expect(commands('Images.assets.json')).toHaveLength(1);
  expect(image.aliasParameterName).toBe('/golden/aliases/Images/Nested-Image-dc4281b0');
  Template.fromStack(stack).hasParameter(`GoldenImage${image.definitionHash.slice(0, 16)}`, {});
});

test('two images of one definition in a stack read one parameter, and are built by a command each', () => {
  const app = new App({ outdir });
  const stack = new Stack(app, 'Images', { env });
  const [one, other] = ['One', 'Other'].map((id) => new AmiImage(stack, id, { source: Source.debian('12') }));
  app.synth();

  expect(one.definitionHash).toBe(other.definitionHash);
  expect(Object.keys(Template.fromStack(stack).findParameters('*')).filter((id) => id.startsWith('GoldenImage'))).toHaveLength(1);
  expect(commands('Images.assets.json')).toHaveLength(2);
});

test('one image in two stacks of an environment is one asset, which a deployment publishes once', () => {
  const app = new App({ outdir });
  ['A', 'B'].forEach((id) => imagesIn(app, { imageName: 'web' }, id));
  app.synth();

  expect(Object.keys(executables('A.assets.json'))).toEqual(Object.keys(executables('B.assets.json')));
});

test.each([
  ['BootstraplessSynthesizer', () => new BootstraplessSynthesizer()], ['LegacyStackSynthesizer', () => new LegacyStackSynthesizer()],
])('a stack with a %s, which knows no such assets, says so', (name, synthesizer) => {
  const stack = newStack({ env, synthesizer: synthesizer() });
  declareImage({}, stack);
  expect(synthesisError(stack)).toBe(`The image is built by an asset of the stack Stack, and its ${name} takes none of that kind`);
});

describe('the asset and the template', () => {
  const shell = (line: string) => ({ provisioners: [Provisioner.shell({ inline: [line] })] });
  const synthesised = (props: Partial<AmiImageProps>) => {
    const app = new App({ outdir });
    const image = imagesIn(app, props);
    app.synth();
    return { template: readFileSync(join(outdir, 'Images.template.json'), 'utf8'), assets: Object.keys(executables('Images.assets.json')), image };
  };

  test('change both with the definition', () => {
    const [one, other] = [synthesised(shell('echo 1')), synthesised(shell('echo 2'))];
    expect(other.template).not.toBe(one.template);
    expect(other.assets).not.toEqual(one.assets);
  });

  test.each<[string, Partial<AmiImageProps>]>([
    ['the place it goes to', { distribution: { regions: ['us-east-1'] } }],
    ['who builds it', { delivery: Delivery.onDeploy({ buildRoleArn: 'arn:aws:iam::111122223333:role/build' }) }],
  ])('leave the template alone where %s is said anew', (_, props) => {
    const [one, other] = [synthesised({}), synthesised(props)];
    expect(other.template).toBe(one.template);
    expect(other.assets).not.toEqual(one.assets);
  });

  test('stay the same where nothing changes', () => {
    const [one, other] = [synthesised({}), synthesised({})];
    expect([other.template, other.assets]).toEqual([one.template, one.assets]);
  });
});

describe('options', () => {
  test('stand in the command, each as one argument', () => {
    const app = new App({ outdir });
    imagesIn(app, {
      delivery: Delivery.onDeploy({
        anyEnvironment: true, buildRoleArn: 'arn:aws:iam::111122223333:role/golden-build', state: 's3://builds/golden', stagingBucket: 'staging',
      }),
    });
    app.synth();
    expect(commands('Images.assets.json')[0].slice(8)).toEqual([
      '--any-environment', '--role-arn', 'arn:aws:iam::111122223333:role/golden-build', '--state', 's3://builds/golden', '--staging-bucket', 'staging',
    ]);
  });

  test.each<[string, OnDeployOptions]>([
    ['a role by its name', { buildRoleArn: 'golden-build' }],
    ['an option instead of a role', { buildRoleArn: '--any-environment' }],
    ['a role of a token', { buildRoleArn: newStack().formatArn({ service: 'iam', region: '', resource: 'role', resourceName: 'a' }) }],
    ['a folder as state', { state: '/var/golden' }],
    ['a bucket that cannot be', { stagingBucket: 'A' }],
  ])('%s is a fault', (_, options) => {
    expect(faultsOf(declareImage({ delivery: Delivery.onDeploy(options) })).map(({ code, path }) => [code, path])).toEqual([['invalid-delivery', 'Stack/Image']]);
  });
});

describe('a stack without account and region', () => {
  const infos = (delivery: Delivery | undefined, environment?: Environment) => {
    const stack = newStack({ env: environment });
    declareImage({ delivery }, stack);
    return Annotations.fromStack(stack).findInfo('*', Match.anyValue()).map(({ id, entry }) => [id, entry.data]);
  };

  test('is synthesised, and told that its deployment will not build', () => {
    expect(infos(undefined)).toEqual([['/Stack/Image', expect.stringMatching(
      /^The stack Stack does not say .* env: \{ account, region \}.* Delivery\.onDeploy\(\{ anyEnvironment: true \}\)\.$/,
    )]]);
  });

  test.each<[string, Delivery, Environment | undefined]>([
    ['builds anywhere', Delivery.onDeploy({ anyEnvironment: true }), undefined],
    ['has prebuilt images', Delivery.prebuilt(), undefined],
    ['has an environment', Delivery.onDeploy(), env],
  ])('is told nothing where it %s', (_, delivery, environment) => {
    expect(infos(delivery, environment)).toEqual([]);
  });
});

describe('the alias', () => {
  const aliases = (stack: Stack) => Object.values(Template.fromStack(stack).findResources('AWS::SSM::Parameter')).map(({ Properties }) => Properties)
    .filter(({ DataType }) => DataType === 'aws:ec2:image').map(({ Name, Value }) => ({ Name, Value }));

  test('has the name that it is given', () => {
    const stack = newStack({ env });
    const image = declareImage({ aliasParameterName: '/images/web' }, stack);
    expect(image.aliasParameterName).toBe('/images/web');
    expect(aliases(stack)).toEqual([{ Name: '/images/web', Value: { Ref: `GoldenImage${image.definitionHash.slice(0, 16)}` } }]);
  });

  test('keeps its name when the image changes, and leaves the image open', () => {
    const image = declareImage();
    expect(image.aliasParameterName).toBe('/golden/aliases/Stack/Image-79ee9bd1');
    image.addProvisioner(Provisioner.shell({ inline: ['true'] }));
    expect(image.aliasParameterName).toBe('/golden/aliases/Stack/Image-79ee9bd1');
  });

  test('of a prebuilt image is there only where it is asked for', () => {
    const [silent, asked] = [newStack({ env }), newStack({ env })];
    declareImage({ delivery: Delivery.prebuilt() }, silent);
    expect(declareImage({ delivery: Delivery.prebuilt() }, asked).aliasParameterName).toBe('/golden/aliases/Stack/Image-79ee9bd1');
    expect(aliases(silent)).toEqual([]);
    expect(aliases(asked)).toHaveLength(1);
  });

  test('with a name that SSM does not take is a fault', () => {
    expect(faultsOf(declareImage({ aliasParameterName: 'my image' })).map(({ message }) => message)).toEqual(['"my image" is not the name of an SSM parameter']);
  });
});
