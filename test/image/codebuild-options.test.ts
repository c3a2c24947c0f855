import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { ComputeType, LinuxBuildImage, WindowsBuildImage } from 'aws-cdk-lib/aws-codebuild';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Assemblies, env, imageIn, propertiesOf } from './codebuild-declaration';
import { faultsOf, newStack, synthesisError } from './declaration';
import type { CodeBuildOptions } from '../../lib/image/codebuild/code-build-options';
import { Communicator } from '../../lib/image/communicator';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import { SecretRef } from '../../lib/image/secret-ref';
import { SshKey } from '../../lib/image/ssh/ssh-key';

let assemblies: Assemblies;
beforeEach(() => { assemblies = new Assemblies(); });
afterEach(() => assemblies.remove());

const environmentOf = (template: Template) => propertiesOf(template, 'AWS::CodeBuild::Project').Environment;

describe('options', () => {
  test('say which container builds, where and how long', () => {
    const template = assemblies.template((stack) => {
      const vpc = new Vpc(stack, 'Vpc', { natGateways: 1 });
      return {
        computeType: ComputeType.MEDIUM, buildImage: LinuxBuildImage.fromDockerRegistry('node:22'), vpc, securityGroups: [new SecurityGroup(stack, 'Group', { vpc })],
      };
    });
    expect(environmentOf(template)).toMatchObject({ ComputeType: 'BUILD_GENERAL1_MEDIUM', Image: 'node:22', Type: 'LINUX_CONTAINER' });
    expect(propertiesOf(template, 'AWS::CodeBuild::Project').VpcConfig).toMatchObject({
      Subnets: [{ Ref: 'VpcPrivateSubnet1Subnet536B997A' }, { Ref: 'VpcPrivateSubnet2Subnet3788AAA1' }, { Ref: 'VpcPrivateSubnet3SubnetF258B56E' }],
    });
    // Other containers have the Node.js that they have.
    expect(JSON.parse(propertiesOf(template, 'AWS::CodeBuild::Project').Source.BuildSpec).phases.install).toBeUndefined();
  });

  test('keep the image, records and logs, or have them go', () => {
    const kept = assemblies.template();
    kept.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain' });
    kept.hasResource('AWS::Logs::LogGroup', { DeletionPolicy: 'Retain', Properties: { RetentionInDays: 90 } });
    const gone = assemblies.template(() => ({ removalPolicy: RemovalPolicy.DESTROY, logRetention: RetentionDays.ONE_WEEK }));
    gone.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
    gone.hasResource('AWS::Logs::LogGroup', { DeletionPolicy: 'Delete', Properties: { RetentionInDays: 7 } });
    gone.resourceCountIs('Custom::S3AutoDeleteObjects', 1);
    gone.hasResourceProperties('Custom::GoldenImage', { Removal: 'destroy' });
  });

  test('give a bucket and a log group that are there', () => {
    const template = assemblies.template((stack) => ({
      stateBucket: Bucket.fromBucketName(stack, 'Records', 'records'), logGroup: LogGroup.fromLogGroupName(stack, 'Logs', '/golden'),
    }));
    template.resourceCountIs('AWS::S3::Bucket', 0);
    template.resourceCountIs('AWS::Logs::LogGroup', 0);
    expect(environmentOf(template).EnvironmentVariables).toContainEqual({ Name: 'GOLDEN_BUCKET', Type: 'PLAINTEXT', Value: 'records' });
  });

  test('encrypt its own bucket with a key, which all who use it may use', () => {
    const template = assemblies.template((stack) => ({ encryptionKey: new Key(stack, 'Key') }));
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }] },
    });
    const users = Object.entries(template.findResources('AWS::IAM::Policy')).filter(([, { Properties }]) => (
      JSON.stringify(Properties.PolicyDocument).includes('kms:Decrypt')
    ));
    expect(users.map(([id]) => id.replace(/DefaultPolicy.*/, '')).sort()).toEqual([
      'ImageCodeBuildFunctionsEndRole', 'ImageCodeBuildFunctionsStartRole', 'ImageCodeBuildRole',
    ]);
  });

  test('build on a schedule from what the source is by then, and move the alias', () => {
    const template = assemblies.template(() => ({ schedule: Schedule.cron({ hour: '4', minute: '0' }) }));
    template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'cron(0 4 * * ? *)',
      Targets: [Match.objectLike({ Input: JSON.stringify({ environmentVariablesOverride: [{ name: 'GOLDEN_TASK', value: 'newer-source', type: 'PLAINTEXT' }] }) })],
    });
    template.hasResourceProperties('AWS::IAM::ManagedPolicy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Sid: 'MoveAlias', Action: ['ssm:GetParameter', 'ssm:PutParameter'] })]) },
    });
  });

  test.each<[string, CodeBuildOptions | ((stack: Stack) => CodeBuildOptions), string]>([
    ['timeouts that CodeBuild does not take', { timeout: Duration.hours(37) }, 'timeout of the delivery is 1 day 13 hours'],
    ['timeouts of no whole minutes', { timeout: Duration.seconds(301) }, 'timeout of the delivery is 5 minutes 1 second'],
    ['to wait longer for a container than CodeBuild allows', { queuedTimeout: Duration.hours(9) }, 'queuedTimeout of the delivery is 9 hours'],
    ['containers that are no Linux', { buildImage: WindowsBuildImage.WIN_SERVER_CORE_2019_BASE_3_0 }, `buildImage of the delivery is ${WindowsBuildImage.WIN_SERVER_CORE_2019_BASE_3_0.imageId}, of the type WINDOWS_SERVER_2019_CONTAINER`],
    ['subnets without a VPC', { vpcSubnets: {} }, 'The delivery has vpcSubnets and no vpc'],
    ['two ways to say how long logs are kept', (stack) => ({ logGroup: new LogGroup(stack, 'Logs'), logRetention: RetentionDays.ONE_DAY }), 'The delivery has logGroup and logRetention'],
    ['two ways to say which key encrypts', (stack) => ({ stateBucket: new Bucket(stack, 'B'), encryptionKey: new Key(stack, 'Key') }), 'The delivery has stateBucket and encryptionKey'],
    ['to take a snapshot of an image', { removalPolicy: RemovalPolicy.SNAPSHOT }, 'removalPolicy of the delivery is snapshot'],
  ])('refuse %s', (_, options, message) => {
    const stack = newStack({ env });
    expect(faultsOf(imageIn(stack, typeof options === 'function' ? options(stack) : options)).map((fault) => fault.message)).toEqual([message]);
  });
});

test('what only the computer has that deploys is refused', () => {
  const stack = newStack({ env });
  const secret = SecretRef.environment('TOKEN');
  imageIn(stack, {}, {
    builder: { communicator: Communicator.ssh({ key: SshKey.file('~/.ssh/id_ed25519') }) },
    provisioners: [Provisioner.shell({ inline: ['true'], secrets: { TOKEN: secret } })],
  });
  const error = synthesisError(stack);
  expect(error).toContain('is read from the environment variable TOKEN, which CodeBuild does not have');
  expect(error).toContain('The communicator takes its SSH key from the file ~/.ssh/id_ed25519, which CodeBuild does not have');
});

describe('the role of the builds', () => {
  const policies = (template: Template) => Object.values(template.findResources('AWS::IAM::ManagedPolicy')).map(({ Properties }) => Properties);
  const regions = ['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'eu-west-2', 'eu-central-1', 'eu-north-1'];

  test('may do what the plan needs, in policies that are not longer than IAM takes', () => {
    const template = assemblies.template(() => ({ removalPolicy: RemovalPolicy.DESTROY }), { distribution: { regions } });
    const documents = policies(template).map(({ PolicyDocument }) => JSON.stringify(PolicyDocument));
    expect(documents).toHaveLength(5);
    expect(documents.filter((text) => text.length > 6144)).toEqual([]);
    expect(documents.join('')).toContain('arn:aws:ec2:us-west-1::image/*');
    // The account and the partition are known here, so they are said.
    expect(documents.join('')).not.toMatch(/AWS::(AccountId|Region|Partition)/);
  });

  test('may do it in the account and region that the stack is deployed to, where that is not said', () => {
    const stack = new Stack(assemblies.app(), 'Images');
    imageIn(stack);
    const text = JSON.stringify(policies(Template.fromStack(stack)));
    expect(text).toContain('{"Ref":"AWS::AccountId"},":instance/*"');
    expect(text).toContain('"ec2.amazonaws.com","ec2.amazonaws.com.cn"');
  });

  test('is not given what is longer than IAM takes', () => {
    const many = Array.from({ length: 26 }, (_, index) => `eu-west-${index + 2}`);
    const stack = assemblies.stack();
    imageIn(stack, {}, { distribution: { regions: many } });
    expect(synthesisError(stack)).toContain('the image goes to too many regions for a role of its own');
  });
});
