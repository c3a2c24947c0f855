import { codeOf, type Cases } from './case';
import { cloudClients, image, running } from '../cloud-clients';

const TRUST = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }] });

/** What other services do that we answer ourselves. */
export const SERVICE_CASES: Cases = {
  'ssm:PutParameter': async ({ to: { ec2, ssm } }) => {
    const Value = await image(ec2);
    await ssm.putParameter({ Name: '/golden/web', Type: 'String', DataType: 'aws:ec2:image', Value });
    expect((await ssm.getParameter({ Name: '/golden/web' })).Parameter).toMatchObject({ Value, DataType: 'aws:ec2:image', Version: 1 });
    expect(await codeOf(ssm.putParameter({ Name: '/golden/web', Type: 'String', Value }))).toBe('ParameterAlreadyExists');
    // It is looked up later, and nobody says that it is not there.
    await ssm.putParameter({ Name: '/golden/web', Type: 'String', DataType: 'aws:ec2:image', Value: 'ami-00000000000000000', Overwrite: true });
    expect((await ssm.getParameter({ Name: '/golden/web' })).Parameter!.Value).toBe(Value);
    expect(await codeOf(ssm.putParameter({ Name: '/x', Type: 'String', DataType: 'aws:ec2:image', Value: 'nonsense' }))).toBe('ValidationException');
  },

  'ssm:GetParameter': async ({ to: { ec2, ssm } }) => {
    const { Parameter } = await ssm.getParameter({ Name: '/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id' });
    expect((await ec2.describeImages({ ImageIds: [Parameter!.Value!] })).Images).toMatchObject([{ OwnerId: '099720109477' }]);
    const amazon = await ssm.getParameter({ Name: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64' });
    expect((await ec2.describeImages({ ImageIds: [amazon.Parameter!.Value!] })).Images).toMatchObject([{ OwnerId: '137112412989' }]);
    expect(await codeOf(ssm.getParameter({ Name: '/none' }))).toBe('ParameterNotFound');
  },

  'ssm:GetParameters': async ({ to: { ssm } }) => {
    await ssm.putParameter({ Name: 'a', Type: 'String', Value: '1' });
    const answer = await ssm.getParameters({ Names: ['a', 'b', '/aws/service/debian/release/12/latest/amd64'] });
    expect(answer.Parameters!.map(({ Name }) => Name).sort()).toEqual(['/aws/service/debian/release/12/latest/amd64', 'a']);
    expect(answer.InvalidParameters).toEqual(['b']);
  },

  'ssm:SendCommand': async ({ to: { ssm } }) => {
    const call = ssm.sendCommand({ DocumentName: 'AWS-RunShellScript', InstanceIds: ['i-00000000000000000'], Parameters: { commands: ['true'] } });
    expect(await codeOf(call)).toBe('InvalidInstanceId');
  },
  'ssm:GetCommandInvocation': async ({ to: { ssm } }) => {
    const call = ssm.getCommandInvocation({ CommandId: '00000000-0000-0000-0000-000000000000', InstanceId: 'i-00000000000000000' });
    expect(await codeOf(call)).toBe('InvocationDoesNotExist');
  },
  'ssm:ListCommandInvocations': async ({ to: { ssm } }) => { expect((await ssm.listCommandInvocations({})).CommandInvocations ?? []).toEqual([]); },
  'ssm:ListCommands': async ({ to: { ssm } }) => { expect((await ssm.listCommands({})).Commands ?? []).toEqual([]); },
  'ssm:CancelCommand': async ({ to: { ssm } }) => {
    expect(await codeOf(ssm.cancelCommand({ CommandId: '00000000-0000-0000-0000-000000000000' }))).toBe('InvalidCommandId');
  },
  'ssm:DescribeInstanceInformation': async ({ to: { ec2, iam, ssm } }) => {
    await profile(iam, 'agent');
    // Debian has no agent.
    const [withAgent] = [await running(ec2, { ImageId: await ubuntu(ssm), IamInstanceProfile: { Name: 'agent' } }), await running(ec2, { IamInstanceProfile: { Name: 'agent' } })];
    expect((await ssm.describeInstanceInformation({})).InstanceInformationList).toMatchObject([{ InstanceId: withAgent, PingStatus: 'Online' }]);
  },
  'ssm:StartSession': async ({ to: { ssm } }) => { expect(await codeOf(ssm.startSession({ Target: 'i-00000000000000000' }))).toBe('TargetNotConnected'); },
  'ssm:ResumeSession': async ({ to: { ssm } }) => { expect(await codeOf(ssm.resumeSession({ SessionId: 'none' }))).toBe('DoesNotExistException'); },
  'ssm:TerminateSession': async ({ to: { ssm } }) => { expect(await codeOf(ssm.terminateSession({ SessionId: 'none' }))).toBe('DoesNotExistException'); },
  'ssm:GetServiceSetting': async ({ to: { ssm } }) => {
    const { ServiceSetting } = await ssm.getServiceSetting({ SettingId: '/ssm/managed-instance/default-ec2-instance-management-role' });
    expect(ServiceSetting!.SettingValue).toBe('$None');
  },

  'sts:AssumeRole': async ({ cloud, to: { iam, sts } }) => {
    const { Role } = await iam.createRole({ RoleName: 'r', AssumeRolePolicyDocument: TRUST });
    cloud.settings.credentialSeconds = 1;
    const { Credentials: given } = await sts.assumeRole({ RoleArn: Role!.Arn, RoleSessionName: 'session' });
    const mine = cloudClients(cloud, { accessKeyId: given!.AccessKeyId!, secretAccessKey: given!.SecretAccessKey! });
    try {
      await mine.ec2.describeRegions({});
      while (Date.now() < given!.Expiration!.getTime()) { await new Promise((resolve) => setTimeout(resolve, 50)); }
      expect(await codeOf(mine.ec2.describeRegions({}))).toBe('RequestExpired');
      expect(await codeOf(mine.ssm.describeParameters({}))).toBe('ExpiredTokenException');
      expect(await codeOf(mine.sts.getCallerIdentity({}))).toMatch(/^ExpiredToken/);
    } finally { mine.end(); }
  },

  'iam:CreateInstanceProfile': async ({ cloud, to: { ec2, iam } }) => {
    cloud.settings.profileMs = 60_000;
    await profile(iam, 'fresh');
    expect(await codeOf(running(ec2, { IamInstanceProfile: { Name: 'fresh' } }))).toBe('InvalidParameterValue');
    cloud.settings.profileMs = 0;
    await running(ec2, { IamInstanceProfile: { Name: 'fresh' } });
    expect(await codeOf(iam.createInstanceProfile({ InstanceProfileName: 'fresh' }))).toMatch(/^EntityAlreadyExists/);
  },
  'iam:AddRoleToInstanceProfile': async ({ cloud, to: { iam } }) => {
    await profile(iam, 'p');
    expect((await iam.getInstanceProfile({ InstanceProfileName: 'p' })).InstanceProfile!.Roles).toMatchObject([{ RoleName: 'p' }]);
    expect((await cloud.resources()).instanceProfiles).toMatchObject([{ id: 'p' }]);
  },

  's3:PutObject': async ({ cloud, to: { s3 } }) => {
    const at = { Bucket: 'locks', Key: 'locks/k' };
    await s3.createBucket({ Bucket: 'locks', CreateBucketConfiguration: { LocationConstraint: 'us-east-2' } });
    const racers = await Promise.allSettled(['1', '2', '3', '4'].map((Body) => s3.putObject({ ...at, Body, IfNoneMatch: '*' })));
    expect(racers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(racers.filter((one) => one.status === 'rejected').map(({ reason }) => (reason as Error).name)).toEqual(Array(3).fill('PreconditionFailed'));
    const { ETag } = await s3.headObject(at);
    await s3.putObject({ ...at, Body: 'next', IfMatch: ETag });
    expect(await codeOf(s3.putObject({ ...at, Body: 'late', IfMatch: ETag }))).toBe('PreconditionFailed');
    expect(await (await s3.getObject(at)).Body!.transformToString()).toBe('next');
    expect((await cloud.resources()).objects).toMatchObject([{ id: 'locks/locks/k' }]);
  },
  's3:DeleteObject': async ({ to: { s3 } }) => {
    await s3.createBucket({ Bucket: 'locks', CreateBucketConfiguration: { LocationConstraint: 'us-east-2' } });
    await s3.putObject({ Bucket: 'locks', Key: 'k', Body: '1' });
    expect(await codeOf(s3.deleteObject({ Bucket: 'locks', Key: 'k', IfMatch: '"other"' }))).toBe('PreconditionFailed');
    await s3.deleteObject({ Bucket: 'locks', Key: 'k' });
    await s3.deleteObject({ Bucket: 'locks', Key: 'k' });
    expect((await s3.listObjectsV2({ Bucket: 'locks' })).Contents).toBeUndefined();
  },
  's3:CompleteMultipartUpload': async ({ to: { s3 } }) => {
    const at = { Bucket: 'locks', Key: 'k' };
    await s3.createBucket({ Bucket: 'locks', CreateBucketConfiguration: { LocationConstraint: 'us-east-2' } });
    const { UploadId } = await s3.createMultipartUpload(at);
    const { ETag } = await s3.uploadPart({ ...at, UploadId, PartNumber: 1, Body: 'part' });
    await s3.putObject({ ...at, Body: 'first' });
    const complete = { ...at, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } };
    expect(await codeOf(s3.completeMultipartUpload({ ...complete, IfNoneMatch: '*' }))).toBe('PreconditionFailed');
    await s3.completeMultipartUpload(complete);
    expect(await (await s3.getObject(at)).Body!.transformToString()).toBe('part');
  },
};

async function ubuntu(ssm: ReturnType<typeof cloudClients>['ssm']): Promise<string> {
  return (await ssm.getParameter({ Name: '/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id' })).Parameter!.Value!;
}

async function profile(iam: ReturnType<typeof cloudClients>['iam'], name: string): Promise<void> {
  await iam.createRole({ RoleName: name, AssumeRolePolicyDocument: TRUST });
  await iam.createInstanceProfile({ InstanceProfileName: name });
  await iam.addRoleToInstanceProfile({ InstanceProfileName: name, RoleName: name });
}
