import { join } from 'path';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnInstance } from 'aws-cdk-lib/aws-ec2';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { AmiImage, Delivery, Provisioner, Source } from '../../lib';
import { startCodeBuildAccount, type CodeBuildAccount } from '../support/codebuild-account';

// A chain of images in one stack, of which the first may take longer than a condition of CloudFormation waits.
let account: CodeBuildAccount;
beforeAll(async () => { account = await startCodeBuildAccount(); }, 420_000);
afterAll(() => account?.stop());

const synth = () => account.aws.synth('chain', (app) => {
  const stack = new Stack(app, 'Chain', { env: account.aws.env });
  const base = new AmiImage(stack, 'Base', {
    source: Source.ubuntu('24.04'),
    provisioners: [Provisioner.shell({ inline: ['echo base > /etc/base'] })],
    delivery: Delivery.codeBuild({ timeout: Duration.hours(20) }),
    aliasParameterName: '/images/base',
  });
  const web = new AmiImage(stack, 'Web', {
    source: Source.image(base),
    provisioners: [Provisioner.shell({ inline: ['cat /etc/base'] })],
    delivery: Delivery.codeBuild({ removalPolicy: RemovalPolicy.DESTROY, notifications: new Topic(stack, 'News') }),
    aliasParameterName: '/images/web',
  });
  new CfnInstance(stack, 'Box', { imageId: web.imageId, instanceType: 't3.micro' });
});

test('is built in its order', async () => {
  const { exitCode, output } = await account.aws.deploy(['--app', synth()]);
  expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  Chain')]);
  const [base, web] = [await account.aws.parameter('/images/base'), await account.aws.parameter('/images/web')];
  expect(await account.imagesOf('Chain')).toEqual({ [web!]: base });
  expect(account.builds().map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  expect(account.refused()).toEqual([]);
});

test('goes, but for what somebody else runs, of which the topic hears', async () => {
  const { aws, to } = account;
  const { notifications } = aws.cloud.services;
  const images = await aws.images();
  const { Instances } = await to.ec2.runInstances({ ImageId: await aws.parameter('/images/web'), MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' });
  notifications.clear();

  const { exitCode, output } = await aws.cdk(['destroy', '--app', join(aws.work, 'chain'), '--force']);

  expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  Chain: destroyed')]);
  expect(await aws.images()).toEqual(images);
  expect(notifications.sent).toMatchObject([{ subject: 'Failed: Chain/Web', message: expect.stringContaining(Instances![0].InstanceId!) }]);
  expect(await aws.stack('Chain')).toBeUndefined();
});
