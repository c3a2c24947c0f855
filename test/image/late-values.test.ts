import { App, Aws, CfnOutput, Fn, Lazy, SecretValue, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { declareImage, faultsOf } from './declaration';
import { AmiImage } from '../../lib/image/ami-image';
import { FileSource } from '../../lib/image/file-source';
import { ParameterRef, ParameterType } from '../../lib/image/parameter-ref';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import type { IProvisioner, ProvisionerContext } from '../../lib/image/provisioners/provisioner-context';
import type { ShellProps } from '../../lib/image/provisioners/shell-props';
import { SecretRef } from '../../lib/image/secret-ref';
import { Source } from '../../lib/image/sources/source';
import type { Instruction, RunInstruction } from '../../lib/plan/instructions';

const env = { account: '111122223333', region: 'eu-west-1' };

interface World {
  readonly app: App;
  readonly data: Stack;
  readonly images: Stack;
  readonly bucket: s3.Bucket;
}

/** A stack with a bucket, and one for images. */
function world(names = { data: 'Data', images: 'Images', bucket: 'Bucket' }): World {
  const app = new App();
  const data = new Stack(app, names.data, { env });
  return { app, data, images: new Stack(app, names.images, { env }), bucket: new s3.Bucket(data, names.bucket) };
}

const shell = (stack: Stack, props: ShellProps) => declareImage({ provisioners: [Provisioner.shell(props)] }, stack);
const runOf = (image: AmiImage) => image._plan().definition.instructions[0] as RunInstruction;
const faults = (image: AmiImage) => faultsOf(image).map(({ code, message }) => [code, message]);

describe('what another stack declares', () => {
  test('reaches a script by its environment, from an output of that stack, which is deployed before', () => {
    const { app, data, images, bucket } = world();
    const image = shell(images, { inline: ['sync "$BUCKET"'], environment: { BUCKET: bucket.bucketName, MODE: 'fast' } });

    expect(runOf(image)).toMatchObject({ environment: { MODE: 'fast' }, parameters: { BUCKET: 'value:1' } });
    const { parameters } = image._plan().definition;
    expect(parameters).toEqual({ 'value:1': { type: 'string', from: { type: 'stackOutput', stack: 'Data', output: 'GoldenImageDataBucketE6B0FAA8Ref' } } });
    expect(images.dependencies).toEqual([data]);
    app.synth();
    Template.fromStack(data).hasOutput('GoldenImageDataBucketE6B0FAA8Ref', { Value: { Ref: data.getLogicalId(bucket.node.defaultChild as s3.CfnBucket) } });
  });

  test('may be a part of a value', () => {
    const { app, data, images, bucket } = world();
    const image = shell(images, { inline: ['true'], environment: { TARGET: `s3://${bucket.bucketName}/${bucket.bucketArn}/site`, ALL: bucket.arnForObjects('*') } });
    const outputs = Object.values(image._plan().definition.parameters).map(({ from }) => (from as { output: string }).output);
    expect(outputs).toEqual([expect.stringMatching(/^GoldenImageDataBucketE6B0FAA8[0-9a-f]{16}$/), expect.stringMatching(/^GoldenImageDataBucketE6B0FAA8[0-9a-f]{16}$/)]);
    app.synth();
    const ref = { Ref: data.getLogicalId(bucket.node.defaultChild as s3.CfnBucket) };
    const arn = { 'Fn::GetAtt': [ref.Ref, 'Arn'] };
    Template.fromStack(data).hasOutput(outputs[0], { Value: { 'Fn::Join': ['', ['s3://', ref, '/', arn, '/site']] } });
    Template.fromStack(data).hasOutput(outputs[1], { Value: { 'Fn::Join': ['', [arn, '/*']] } });
  });

  test('is a variable in the lines of a script, quoted where nothing else quotes it', () => {
    const { images, bucket } = world();
    const image = shell(images, {
      inline: [`fetch ${bucket.bucketName} "from ${bucket.bucketArn}"`, 'cat >/etc/app <<END', `bucket=${bucket.bucketName}`, 'END'],
      parameters: { VERSION: ParameterRef.ssm('/version') },
    });
    expect(runOf(image)).toMatchObject({
      script: { text: 'fetch "${GOLDEN_VALUE_1}" "from ${GOLDEN_VALUE_2}"\ncat >/etc/app <<END\nbucket=${GOLDEN_VALUE_1}\nEND\n' },
      parameters: { VERSION: 'ssm:/version', GOLDEN_VALUE_1: 'value:1', GOLDEN_VALUE_2: 'value:2' },
      interpreter: ['/bin/sh', '-e'],
    });
  });

  test('is written into a file by the machine', () => {
    const { images, bucket } = world();
    const image = declareImage({
      provisioners: [Provisioner.file({ source: FileSource.inline(`it's ${bucket.bucketName}\n`), destination: '/etc/app.conf', owner: 'app', mode: '0600' })],
    }, images);
    const run = runOf(image);
    expect(run).toMatchObject({ type: 'run', arguments: ['/etc/app.conf', 'app', 'root', '0600'], parameters: { GOLDEN_VALUE_1: 'value:1' }, origin: 'File' });
    expect((run.script as { text: string }).text).toContain('printf \'%s\' \'it\'\\\'\'s \' "${GOLDEN_VALUE_1}" \'\n\' >"$part"');
  });

  test('reaches the provisioners of a user\'s own', () => {
    class Synchronised implements IProvisioner {
      constructor(private readonly bucket: s3.IBucket) {}
      bind(_scope: Construct, context: ProvisionerContext): void {
        context.run({ inline: ['sync "$BUCKET"'], environment: { BUCKET: this.bucket.bucketName } });
      }
    }
    const { images, bucket } = world();
    expect(runOf(declareImage({ provisioners: [new Synchronised(bucket)] }, images)).parameters).toEqual({ BUCKET: 'value:1' });
  });

  test('can be asked to be a number', () => {
    const { data, images } = world();
    const port = new ssm.StringParameter(data, 'Port', { stringValue: '80' });
    const image = shell(images, { inline: ['true'], parameters: { PORT: ParameterRef.value(port.stringValue, { parameterType: ParameterType.NUMBER }) } });
    expect(runOf(image).parameters).toEqual({ PORT: 'value:1:number' });
    expect(image._plan().definition.parameters['value:1:number']).toMatchObject({ type: 'number', from: { type: 'stackOutput' } });
  });

  test('is the name of a secret or of a parameter', () => {
    const { data, images } = world();
    const secret = new secretsmanager.Secret(data, 'Token');
    const parameter = new ssm.StringParameter(data, 'Version', { stringValue: '1' });
    const image = shell(images, {
      inline: ['true'],
      parameters: { VERSION: ParameterRef.ssm(parameter.parameterName) },
      secrets: { TOKEN: SecretRef.secretsManager(secret.secretArn, { key: 'token' }), ALL: SecretRef.secretsManager(secret.secretArn), KEY: SecretRef.ssm(parameter.parameterName) },
    });
    const id = { type: 'stackOutput', stack: 'Data', output: expect.stringMatching(/^GoldenImageDataToken/) };
    const name = { type: 'stackOutput', stack: 'Data', output: expect.stringMatching(/^GoldenImageDataVersion/) };
    const { parameters, secrets } = image._plan().definition;
    expect(parameters).toEqual({ 'value:1': { type: 'string', from: { type: 'namedByOutput', service: 'ssm', id: name } } });
    expect(secrets).toEqual({
      'secret:2': { from: { type: 'namedByOutput', service: 'secretsManager', id, key: 'token' } },
      'secret:3': { from: { type: 'namedByOutput', service: 'secretsManager', id } },
      'secret:4': { from: { type: 'namedByOutput', service: 'ssm', id: name } },
    });
  });

  test('in another region says which', () => {
    const { app, images } = world();
    const far = new s3.Bucket(new Stack(app, 'Far', { env: { ...env, region: 'us-east-1' } }), 'Bucket', { bucketName: 'far' });
    const image = shell(images, { inline: ['true'], environment: { BUCKET: far.bucketName } });
    expect(Object.values(image._plan().definition.parameters)).toEqual([{ type: 'string', from: expect.objectContaining({ stack: 'Far', region: 'us-east-1' }) }]);
    app.synth();
  });
});

test('what is known at synthesis is no parameter', () => {
  const { images } = world();
  const bucket = s3.Bucket.fromBucketName(images, 'Assets', 'assets');
  const image = shell(images, { inline: [`sync ${bucket.bucketName}`], parameters: { BUCKET: ParameterRef.value(bucket.bucketName) } });
  expect(runOf(image)).toMatchObject({ script: { text: 'sync assets\n' }, environment: { BUCKET: 'assets' }, parameters: {} });
});

test('a value that is known and is to be a number has to be one', () => {
  const image = shell(world().images, { inline: ['true'], parameters: { PORT: ParameterRef.value('http', { parameterType: ParameterType.NUMBER }) } });
  expect(faults(image)).toEqual([['invalid-parameter', 'The parameter PORT has to be a number']]);
});

test('the value of an SSM parameter, as CDK gives it, is read when the image is built', () => {
  const { images } = world();
  const image = shell(images, { inline: ['true'], environment: { VERSION: ssm.StringParameter.valueForStringParameter(images, '/version') } });
  expect(runOf(image).parameters).toEqual({ VERSION: 'ssm:/version' });
  expect(image._plan().definition.parameters).toEqual({ 'ssm:/version': { type: 'string', from: { type: 'ssm', name: '/version' } } });
});

describe('what an image is', () => {
  const build = ({ images, bucket }: World, id = 'Image') => new AmiImage(images, id, {
    source: Source.debian('12'),
    provisioners: [Provisioner.shell({ inline: [`sync ${bucket.bucketName}`], environment: { ARN: bucket.bucketArn } })],
  });

  // A change here builds images of users anew.
  test('is told by where its values stand in it', () => {
    expect(build(world()).definitionHash).toBe('45a19cefe530fca6cb67c2756b96f5e61d8ef3490a23a83bec2f7ddf44f01987');
  });

  test('does not depend on the names of stacks and constructs that values come from', () => {
    expect(build(world({ data: 'Storage', images: 'Machines', bucket: 'Assets' })).definitionHash).toBe(build(world()).definitionHash);
  });

  test('is another one with another value in the place of the same', () => {
    const { images, bucket } = world();
    const image = shell(images, { inline: [`sync ${bucket.bucketArn}`], environment: { ARN: bucket.bucketArn } });
    expect(image.definitionHash).not.toBe(build(world()).definitionHash);
  });

  test('cannot be the same for two that read other values: they would share one parameter', () => {
    const { app, images, data, bucket } = world();
    const first = build({ app, images, data, bucket });
    const second = build({ app, images, data, bucket: new s3.Bucket(data, 'Other') }, 'Second');
    expect(faults(first)).toEqual([]);
    expect(faultsOf(second)).toEqual([{
      code: 'same-definition',
      message: 'It is the same image as Images/Image, built with values of other stacks; one would take the place of the other',
      hint: 'Make them differ in something that is known at synthesis, such as environment: { TENANT: \'a\' } of a provisioner.',
      path: 'Images/Second',
    }]);
  });

  test('may be the same for two that read the same', () => {
    const all = world();
    expect([build(all), build(all, 'Second')].map(faults)).toEqual([[], []]);
  });
});

describe('what cannot be there when the image is built', () => {
  test('is what its own stack declares, which says the two ways out', () => {
    const { images } = world();
    const image = shell(images, { inline: ['true'], environment: { BUCKET: new s3.Bucket(images, 'Own').bucketName } });
    expect(faultsOf(image)).toEqual([{
      code: 'token',
      message: 'environment.BUCKET is Images/Own/Resource, of the image\'s own stack: that is deployed after the image is built',
      hint: 'Declare it in another stack of the app, which is then deployed before the image is built; '
        + 'or give it a name of your own, and write that name here in place of the token.',
      path: 'Images/Image/Shell',
    }]);
  });

  test.each<[string, (all: World) => ShellProps, string]>([
    ['a part of a text', ({ images }) => ({ inline: [`sync s3://${new s3.Bucket(images, 'Own').bucketName}/`] }),
      'inline holds Images/Own/Resource, of the image\'s own stack: that is deployed after the image is built'],
    ['of another stage', ({ app }) => ({
      inline: ['true'], environment: { A: new s3.Bucket(new Stack(new Stage(app, 'Test'), 'Data', { env }), 'Bucket').bucketName },
    }), 'environment.A is Test/Data/Bucket/Resource, of another stage'],
    ['of another account', ({ app }) => ({
      inline: ['true'], environment: { A: new s3.Bucket(new Stack(app, 'Other', { env: { ...env, account: '444455556666' } }), 'Bucket').bucketName },
    }), 'environment.A is Other/Bucket/Resource, of the account 444455556666; the image is built in 111122223333'],
    ['of two stacks in one value', ({ app, bucket }) => ({
      inline: ['true'], environment: { A: `${bucket.bucketName}:${new s3.Bucket(new Stack(app, 'Other', { env }), 'Bucket').bucketName}` },
    }), 'environment.A holds Data/Bucket/Resource, and Other/Bucket/Resource of another stack'],
    ['of a stack that needs the image', ({ data, images, bucket }) => {
      data.addDependency(images);
      return { inline: ['true'], environment: { A: bucket.bucketName } };
    }, 'environment.A is Data/Bucket/Resource, of a stack that needs the image\'s own stack'],
    ['a pseudo parameter', () => ({ inline: ['true'], environment: { A: Aws.STACK_ID } }), 'environment.A holds a CDK token that nobody can read before the deployment'],
    ['a pseudo parameter beside what could be read', ({ bucket }) => ({ inline: ['true'], environment: { A: `${bucket.bucketName} ${Aws.REGION}` } }),
      'environment.A holds a CDK token that nobody can read before the deployment'],
    ['made up later', () => ({ inline: ['true'], environment: { A: Lazy.string({ produce: () => 'x' }) } }),
      'environment.A holds a CDK token that nobody can read before the deployment'],
    ['an import', () => ({ inline: ['true'], parameters: { A: ParameterRef.value(Fn.importValue('x')) } }),
      'parameters.A holds a CDK token that nobody can read before the deployment'],
    ['the name of a secret in a parameter', ({ images }) => ({
      inline: ['true'], secrets: { A: SecretRef.secretsManager(ssm.StringParameter.valueForStringParameter(images, '/name')) },
    }), 'The name of the secret secrets.A is itself kept in an SSM parameter'],
    ['in single quotes', ({ bucket }) => ({ inline: [`su app -c 'sync ${bucket.bucketName}'`] }),
      'inline holds a CDK token between single quotes, where the shell does not put in the value'],
    ['in a script that is not one of a shell', ({ bucket }) => ({ inline: ['#!/usr/bin/env python3', `print("${bucket.bucketName}")`] }),
      'inline holds a CDK token, and /usr/bin/env expands no variable of a shell'],
    ['in an argument', ({ bucket }) => ({ inline: ['true'], arguments: [bucket.bucketName] }), 'run.arguments[0] holds a CDK token'],
  ])('is what is %s', (_, props, message) => {
    const all = world();
    expect(faults(shell(all.images, props(all)))).toEqual([['token', message]]);
  });

  test('leaves no output behind in a stack that nobody reads', () => {
    const { images } = world();
    shell(images, { inline: ['true'], environment: { BUCKET: new s3.Bucket(images, 'Own').bucketName } });
    expect(images.node.children.filter((child) => child instanceof CfnOutput)).toEqual([]);
  });
});

test.each<[string, (secret: secretsmanager.Secret) => string]>([
  ['a value', (secret) => secret.secretValue.unsafeUnwrap()],
  ['a value of a key', (secret) => secret.secretValueFromJson('token').unsafeUnwrap()],
  ['a part of a text', (secret) => `token=${secret.secretValue.unsafeUnwrap()}`],
  ['a secret by its name', () => SecretValue.secretsManager('token').unsafeUnwrap()],
])('a secret is never put into an output: %s', (_, value) => {
  const { data, images } = world();
  const token = value(new secretsmanager.Secret(data, 'Token'));
  expect(faults(shell(images, { inline: ['true'], environment: { TOKEN: token } }))).toEqual([
    ['secret', 'environment.TOKEN holds the value of a secret, which a plan must not'],
  ]);
  expect(data.node.children.filter((child) => child instanceof CfnOutput)).toEqual([]);
});

test('a variable is given once, also where a token is one', () => {
  const { images, bucket } = world();
  const image = shell(images, { inline: [`sync ${bucket.bucketName}`], environment: { GOLDEN_VALUE_1: 'x' } });
  expect(faults(image)).toEqual([['duplicate-name', 'The environment variable GOLDEN_VALUE_1 is given twice']]);
});

test('a unit of a service may hold what another stack declares', () => {
  const { images, bucket } = world();
  const image = declareImage({ provisioners: [Provisioner.service('app', { unit: FileSource.inline(`[Service]\nEnvironment=BUCKET=${bucket.bucketName}\n`) })] }, images);
  const types = image._plan().definition.instructions.map((instruction: Instruction) => instruction.type);
  expect(types).toEqual(['run', 'run']);
});
