import type { Cases } from './case';
import { image } from '../cloud-clients';
import { everyType } from '../every-type';
import { create, remove, update } from '../stack-fixture';

const of = (service: string, ...actions: readonly string[]) => actions.map((action) => `${service}:${action}`);

/** What stacks ask of moto, in one story: a template with a resource of each type is made, changed and removed. */
export const STACK_STORIES: { readonly [name: string]: { readonly calls: readonly string[]; readonly tell: Cases[string] } } = {
  'what stacks are made of': {
    calls: [
      ...of('ec2', 'ModifyVpcAttribute', 'CreateRouteTable', 'DeleteRouteTable', 'AssociateRouteTable', 'DisassociateRouteTable', 'CreateRoute', 'ReplaceRoute', 'DeleteRoute'),
      ...of('ec2', 'CreateInternetGateway', 'DeleteInternetGateway', 'AttachInternetGateway', 'DetachInternetGateway', 'DescribeInternetGateways', 'DescribeVpnGateways'),
      ...of('autoscaling', 'UpdateAutoScalingGroup'),
      ...of('iam', 'UpdateAssumeRolePolicy', 'UpdateRole', 'AttachRolePolicy', 'DetachRolePolicy', 'CreatePolicy', 'DeletePolicy', 'CreatePolicyVersion'),
      ...of('iam', 'DeletePolicyVersion', 'ListPolicyVersions'),
      ...of('s3', 'PutBucketVersioning', 'GetBucketVersioning', 'PutBucketPolicy', 'GetBucketPolicy', 'DeleteBucketPolicy', 'PutBucketOwnershipControls'),
      ...of('kms', 'PutKeyPolicy', 'EnableKeyRotation', 'ScheduleKeyDeletion', 'UpdateAlias', 'DeleteAlias'),
      ...of('secretsmanager', 'GetRandomPassword'),
      ...of('ecr', 'CreateRepository', 'DescribeRepositories', 'DeleteRepository', 'PutLifecyclePolicy', 'SetRepositoryPolicy'),
    ],
    tell: async ({ cloud, to: { cloudFormation, ec2, s3, secrets } }) => {
      const [first, second] = [await image(ec2, 'one'), await image(ec2, 'two')];
      const StackName = 'app';
      expect(await create(cloudFormation, StackName, everyType({ image: first, variant: 1 }))).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
      const idOf = async (LogicalResourceId: string) => (
        (await cloudFormation.describeStackResource({ StackName, LogicalResourceId })).StackResourceDetail!.PhysicalResourceId!
      );
      const Bucket = await idOf('Bucket');
      expect((await s3.getBucketVersioning({ Bucket })).Status).toBe('Enabled');
      expect((await s3.getBucketPolicy({ Bucket })).Policy).toContain('s3:GetObject');
      const { SecretString } = await secrets.getSecretValue({ SecretId: await idOf('Secret') });
      expect(JSON.parse(SecretString!)).toEqual({ user: 'me', password: expect.stringMatching(/^.{20}$/) });
      expect((await ec2.describeInternetGateways({ InternetGatewayIds: [await idOf('Gateway')] })).InternetGateways).toMatchObject([{ Attachments: [{ VpcId: await idOf('Vpc') }] }]);
      expect((await ec2.describeVpnGateways({})).VpnGateways).toEqual([]);
      const headers = { 'authorization': AUTHORIZATION, 'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.DescribeRepositories', 'content-type': 'application/x-amz-json-1.1' };
      expect(await (await fetch(cloud.endpoint, { method: 'POST', headers, body: '{}' })).json()).toMatchObject({ repositories: [{ repositoryName: 'images' }] });

      expect(await update(cloudFormation, StackName, everyType({ image: second, variant: 2 }))).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' });
      const { LaunchTemplateVersions } = await ec2.describeLaunchTemplateVersions({ LaunchTemplateId: await idOf('Template'), Versions: ['$Default'] });
      expect(LaunchTemplateVersions).toMatchObject([{ VersionNumber: 2, LaunchTemplateData: { ImageId: second } }]);

      expect(await remove(cloudFormation, StackName)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
      const { instances, securityGroups, launchTemplates, parameters, roles, instanceProfiles, buckets } = await cloud.resources();
      expect({ instances, securityGroups, launchTemplates, parameters, roles, instanceProfiles, buckets })
        .toEqual({ instances: [], securityGroups: [], launchTemplates: [], parameters: [], roles: [], instanceProfiles: [], buckets: [] });
    },
  },
};

const AUTHORIZATION = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-2/ecr/aws4_request, SignedHeaders=host, Signature=0';
