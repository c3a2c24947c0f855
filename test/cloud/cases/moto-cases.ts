import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { codeOf, type Cases } from './case';
import { image } from '../cloud-clients';

/** Several calls of moto's in one story each: what we rely on, not all that they can do. */
export const MOTO_STORIES: { readonly [name: string]: { readonly calls: readonly string[]; readonly tell: Cases[string] } } = {
  'networks': {
    calls: ['DescribeVpcs', 'DescribeRegions', 'DescribeAvailabilityZones', 'DescribeAccountAttributes', 'DescribeRouteTables', 'CreateVpc', 'DeleteVpc', 'CreateSubnet',
      'DeleteSubnet', 'ModifySubnetAttribute', 'DescribeVpcEndpoints', 'DescribeNetworkInterfaces', 'DeleteNetworkInterface'].map((action) => `ec2:${action}`),
    tell: async ({ to: { ec2 } }) => {
      expect((await ec2.describeVpcs({ Filters: [{ Name: 'is-default', Values: ['true'] }] })).Vpcs).toHaveLength(1);
      expect((await ec2.describeRegions({})).Regions!.map(({ RegionName }) => RegionName)).toContain('eu-west-1');
      expect((await ec2.describeAvailabilityZones({})).AvailabilityZones!.map(({ ZoneName }) => ZoneName)).toContain('us-east-2a');
      await ec2.describeAccountAttributes({});
      const { VpcId } = (await ec2.createVpc({ CidrBlock: '10.9.0.0/16' })).Vpc!;
      const { SubnetId } = (await ec2.createSubnet({ VpcId, CidrBlock: '10.9.1.0/24' })).Subnet!;
      await ec2.modifySubnetAttribute({ SubnetId, MapPublicIpOnLaunch: { Value: false } });
      expect((await ec2.describeRouteTables({ Filters: [{ Name: 'vpc-id', Values: [VpcId!] }] })).RouteTables).toHaveLength(1);
      expect((await ec2.describeVpcEndpoints({ Filters: [{ Name: 'vpc-id', Values: [VpcId!] }] })).VpcEndpoints).toEqual([]);
      expect((await ec2.describeNetworkInterfaces({ Filters: [{ Name: 'vpc-id', Values: [VpcId!] }] })).NetworkInterfaces).toEqual([]);
      expect(await codeOf(ec2.deleteNetworkInterface({ NetworkInterfaceId: 'eni-00000000000000000' }))).toBe('InvalidNetworkInterfaceID.NotFound');
      await ec2.deleteSubnet({ SubnetId });
      await ec2.deleteVpc({ VpcId });
    },
  },
  'instance types': {
    calls: ['ec2:DescribeInstanceTypes', 'ec2:DescribeInstanceTypeOfferings', 'ec2:DescribeSpotPriceHistory'],
    tell: async ({ to: { ec2 } }) => {
      const { InstanceTypes } = await ec2.describeInstanceTypes({ InstanceTypes: ['t4g.small'] });
      expect(InstanceTypes).toMatchObject([{ ProcessorInfo: { SupportedArchitectures: ['arm64'] } }]);
      const { InstanceTypeOfferings } = await ec2.describeInstanceTypeOfferings({ LocationType: 'availability-zone', Filters: [{ Name: 'instance-type', Values: ['t3.micro'] }] });
      expect(InstanceTypeOfferings!.map(({ Location }) => Location)).toContain('us-east-2a');
      await ec2.describeSpotPriceHistory({ InstanceTypes: ['t3.micro'], MaxResults: 5 });
    },
  },
  'who uses an image': {
    calls: [
      ...['CreateLaunchTemplate', 'CreateLaunchTemplateVersion', 'DescribeLaunchTemplates', 'DescribeLaunchTemplateVersions', 'ModifyLaunchTemplate', 'DeleteLaunchTemplate']
        .map((action) => `ec2:${action}`),
      ...['CreateAutoScalingGroup', 'DescribeAutoScalingGroups', 'DeleteAutoScalingGroup', 'CreateLaunchConfiguration', 'DescribeLaunchConfigurations', 'DeleteLaunchConfiguration']
        .map((action) => `autoscaling:${action}`),
    ],
    tell: async ({ cloud, to: { ec2, autoScaling } }) => {
      const ImageId = await image(ec2);
      const { LaunchTemplateId } = (await ec2.createLaunchTemplate({ LaunchTemplateName: 'template', LaunchTemplateData: { ImageId } })).LaunchTemplate!;
      await ec2.createLaunchTemplateVersion({ LaunchTemplateId, LaunchTemplateData: { ImageId, InstanceType: 't3.micro' } });
      await ec2.modifyLaunchTemplate({ LaunchTemplateId, DefaultVersion: '2' });
      const { LaunchTemplateVersions } = await ec2.describeLaunchTemplateVersions({ LaunchTemplateId });
      expect(LaunchTemplateVersions!.map(({ LaunchTemplateData }) => LaunchTemplateData!.ImageId)).toEqual([ImageId, ImageId]);
      expect((await ec2.describeLaunchTemplates({})).LaunchTemplates).toHaveLength(1);
      await autoScaling.createLaunchConfiguration({ LaunchConfigurationName: 'lc', ImageId, InstanceType: 't3.micro' });
      await autoScaling.createAutoScalingGroup({
        AutoScalingGroupName: 'g', MinSize: 0, MaxSize: 1, AvailabilityZones: ['us-east-2a'], LaunchTemplate: { LaunchTemplateId, Version: '$Default' },
      });
      expect((await autoScaling.describeAutoScalingGroups({})).AutoScalingGroups).toMatchObject([{ LaunchTemplate: { LaunchTemplateId } }]);
      expect((await autoScaling.describeLaunchConfigurations({})).LaunchConfigurations).toMatchObject([{ ImageId }]);
      await autoScaling.deleteAutoScalingGroup({ AutoScalingGroupName: 'g', ForceDelete: true });
      await autoScaling.deleteLaunchConfiguration({ LaunchConfigurationName: 'lc' });
      await ec2.deleteLaunchTemplate({ LaunchTemplateId });
      expect((await cloud.resources()).launchTemplates).toEqual([]);
    },
  },
  'topics': {
    calls: ['CreateTopic', 'DeleteTopic', 'GetTopicAttributes', 'SetTopicAttributes', 'ListTopics', 'Subscribe', 'Unsubscribe', 'ListSubscriptionsByTopic']
      .map((action) => `sns:${action}`),
    tell: async ({ to: { sns } }) => {
      const { TopicArn } = await sns.createTopic({ Name: 't' });
      expect((await sns.createTopic({ Name: 't' })).TopicArn).toBe(TopicArn);
      await sns.setTopicAttributes({ TopicArn, AttributeName: 'Policy', AttributeValue: '{"Version":"2012-10-17","Statement":[]}' });
      expect(JSON.parse((await sns.getTopicAttributes({ TopicArn })).Attributes!.Policy)).toMatchObject({ Statement: [] });
      const { SubscriptionArn } = await sns.subscribe({ TopicArn, Protocol: 'email', Endpoint: 'a@example.com' });
      expect((await sns.listSubscriptionsByTopic({ TopicArn })).Subscriptions).toMatchObject([{ Endpoint: 'a@example.com' }]);
      await sns.unsubscribe({ SubscriptionArn });
      for (const topic of [TopicArn, TopicArn]) { await sns.deleteTopic({ TopicArn: topic }); }
      expect((await sns.listTopics({})).Topics).toEqual([]);
    },
  },
  'logs': {
    calls: ['CreateLogGroup', 'DeleteLogGroup', 'DescribeLogGroups', 'PutRetentionPolicy', 'DeleteRetentionPolicy', 'CreateLogStream', 'DescribeLogStreams', 'PutLogEvents',
      'GetLogEvents', 'FilterLogEvents'].map((action) => `logs:${action}`),
    tell: async ({ to: { logs } }) => {
      const at = { logGroupName: '/g', logStreamName: 's' };
      expect(await codeOf(logs.createLogStream(at))).toBe('ResourceNotFoundException');
      await logs.createLogGroup({ logGroupName: '/g' });
      expect(await codeOf(logs.createLogGroup({ logGroupName: '/g' }))).toBe('ResourceAlreadyExistsException');
      await logs.putRetentionPolicy({ logGroupName: '/g', retentionInDays: 7 });
      expect((await logs.describeLogGroups({ logGroupNamePrefix: '/g' })).logGroups).toMatchObject([{ retentionInDays: 7 }]);
      await logs.deleteRetentionPolicy({ logGroupName: '/g' });
      await logs.createLogStream(at);
      const now = Date.now();
      await logs.putLogEvents({ ...at, logEvents: ['a', 'b', 'c'].map((message) => ({ timestamp: now, message })) });
      expect((await logs.getLogEvents({ ...at, limit: 2 })).events!.map(({ message }) => message)).toEqual(['b', 'c']);
      expect((await logs.filterLogEvents({ logGroupName: '/g' })).events!.map(({ message }) => message)).toEqual(['a', 'b', 'c']);
      expect((await logs.describeLogStreams({ logGroupName: '/g' })).logStreams).toMatchObject([{ logStreamName: 's' }]);
      await logs.deleteLogGroup({ logGroupName: '/g' });
      expect(await codeOf(logs.deleteLogGroup({ logGroupName: '/g' }))).toBe('ResourceNotFoundException');
    },
  },
  'parameters': {
    calls: ['GetParametersByPath', 'GetParameterHistory', 'DescribeParameters', 'DeleteParameter', 'DeleteParameters', 'AddTagsToResource', 'ListTagsForResource',
      'RemoveTagsFromResource', 'LabelParameterVersion'].map((action) => `ssm:${action}`),
    tell: async ({ cloud, to: { ssm } }) => {
      const Name = '/golden/a';
      await ssm.putParameter({ Name, Type: 'String', Value: '1' });
      await ssm.putParameter({ Name, Type: 'String', Value: '2', Overwrite: true });
      await ssm.labelParameterVersion({ Name, ParameterVersion: 1, Labels: ['old'] });
      expect((await ssm.getParameterHistory({ Name })).Parameters!.map(({ Value, Labels }) => [Value, Labels])).toEqual([['1', ['old']], ['2', []]]);
      expect((await ssm.getParametersByPath({ Path: '/golden' })).Parameters).toMatchObject([{ Value: '2' }]);
      await ssm.addTagsToResource({ ResourceType: 'Parameter', ResourceId: Name, Tags: [{ Key: 'a', Value: 'b' }, { Key: 'c', Value: 'd' }] });
      await ssm.removeTagsFromResource({ ResourceType: 'Parameter', ResourceId: Name, TagKeys: ['c'] });
      expect((await ssm.listTagsForResource({ ResourceType: 'Parameter', ResourceId: Name })).TagList).toEqual([{ Key: 'a', Value: 'b' }]);
      expect((await ssm.describeParameters({})).Parameters).toHaveLength(1);
      await ssm.deleteParameter({ Name });
      expect((await ssm.deleteParameters({ Names: [Name] })).InvalidParameters).toEqual([Name]);
      expect((await cloud.resources()).parameters).toEqual([]);
    },
  },
  'roles': {
    calls: ['CreateRole', 'GetRole', 'DeleteRole', 'PutRolePolicy', 'GetRolePolicy', 'DeleteRolePolicy', 'ListRolePolicies',
      'ListAttachedRolePolicies', 'TagRole', 'ListRoles', 'GetInstanceProfile', 'DeleteInstanceProfile', 'RemoveRoleFromInstanceProfile', 'ListInstanceProfiles',
      'ListInstanceProfilesForRole'].map((action) => `iam:${action}`).concat('sts:GetCallerIdentity'),
    tell: async ({ cloud, to: { iam, sts } }) => {
      const role = { RoleName: 'golden-builder' };
      const policy = { ...role, PolicyName: 'p' };
      const instanceProfile = { InstanceProfileName: 'golden-builder' };
      await iam.createRole({ ...role, AssumeRolePolicyDocument: TRUST });
      expect(await codeOf(iam.createRole({ ...role, AssumeRolePolicyDocument: TRUST }))).toMatch(/^EntityAlreadyExists/);
      await iam.putRolePolicy({ ...policy, PolicyDocument: POLICY });
      expect(JSON.parse(decodeURIComponent((await iam.getRolePolicy(policy)).PolicyDocument!))).toEqual(JSON.parse(POLICY));
      expect((await iam.listRolePolicies(role)).PolicyNames).toEqual(['p']);
      await iam.tagRole({ ...role, Tags: [{ Key: 'a', Value: 'b' }] });
      expect((await iam.getRole(role)).Role!.Tags).toEqual([{ Key: 'a', Value: 'b' }]);
      expect((await iam.listAttachedRolePolicies(role)).AttachedPolicies).toEqual([]);
      expect((await iam.listRoles({})).Roles).toHaveLength(1);
      await iam.createInstanceProfile(instanceProfile);
      await iam.addRoleToInstanceProfile({ ...instanceProfile, ...role });
      expect((await iam.listInstanceProfilesForRole(role)).InstanceProfiles).toMatchObject([instanceProfile]);
      expect((await iam.listInstanceProfiles({})).InstanceProfiles).toMatchObject([instanceProfile]);
      await iam.getInstanceProfile(instanceProfile);
      await iam.removeRoleFromInstanceProfile({ ...instanceProfile, ...role });
      await iam.deleteInstanceProfile(instanceProfile);
      await iam.deleteRolePolicy(policy);
      await iam.deleteRole(role);
      expect(await codeOf(iam.getRole(role))).toMatch(/^NoSuchEntity/);
      expect(await sts.getCallerIdentity({})).toMatchObject({ Account: cloud.account });
    },
  },
  'objects': {
    calls: ['CreateBucket', 'HeadBucket', 'DeleteBucket', 'ListBuckets', 'GetBucketLocation', 'PutPublicAccessBlock', 'GetPublicAccessBlock', 'PutBucketEncryption',
      'GetBucketEncryption', 'PutBucketLifecycleConfiguration', 'GetBucketLifecycleConfiguration', 'PutBucketTagging', 'GetBucketTagging',
      'GetObject', 'HeadObject', 'DeleteObjects', 'ListObjectsV2', 'ListObjects', 'ListObjectVersions', 'CreateMultipartUpload', 'UploadPart', 'AbortMultipartUpload',
      'ListParts'].map((action) => `s3:${action}`),
    tell: async ({ cloud, to: { s3 } }) => {
      const at = { Bucket: 'golden-staging' };
      const object = { ...at, Key: 'some/file' };
      await s3.createBucket({ ...at, CreateBucketConfiguration: { LocationConstraint: 'us-east-2' } });
      expect((await s3.getBucketLocation(at)).LocationConstraint).toBe('us-east-2');
      await s3.headBucket(at);
      const access = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
      await s3.putPublicAccessBlock({ ...at, PublicAccessBlockConfiguration: access });
      expect((await s3.getPublicAccessBlock(at)).PublicAccessBlockConfiguration).toEqual(access);
      const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } };
      await s3.putBucketEncryption({ ...at, ServerSideEncryptionConfiguration: { Rules: [rule] } });
      expect((await s3.getBucketEncryption(at)).ServerSideEncryptionConfiguration!.Rules).toMatchObject([rule]);
      await s3.putBucketLifecycleConfiguration({ ...at, LifecycleConfiguration: { Rules: [{ ID: 'day', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } }] } });
      expect((await s3.getBucketLifecycleConfiguration(at)).Rules).toMatchObject([{ Expiration: { Days: 1 } }]);
      await s3.putBucketTagging({ ...at, Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } });
      expect((await s3.getBucketTagging(at)).TagSet).toEqual([{ Key: 'a', Value: 'b' }]);
      expect((await s3.listBuckets({})).Buckets).toHaveLength(1);

      // A presigned URL is all that a machine has.
      const body = 'x'.repeat(100_000);
      const put = await fetch(await getSignedUrl(s3, new PutObjectCommand(object)), { method: 'PUT', body });
      expect(put.status).toBe(200);
      const got = await fetch(await getSignedUrl(s3, new GetObjectCommand(object)));
      expect(await got.text()).toBe(body);
      expect((await s3.headObject(object)).ContentLength).toBe(100_000);
      expect(await codeOf(s3.getObject({ ...at, Key: 'none' }))).toBe('NoSuchKey');
      // There is no body that could tell the code.
      expect(await codeOf(s3.headObject({ ...at, Key: 'none' }))).toMatch(/^(NotFound|404)$/);
      const { UploadId } = await s3.createMultipartUpload(object);
      await s3.uploadPart({ ...object, UploadId, PartNumber: 1, Body: 'part' });
      expect((await s3.listParts({ ...object, UploadId })).Parts).toHaveLength(1);
      await s3.abortMultipartUpload({ ...object, UploadId });
      expect((await s3.listObjects(at)).Contents).toHaveLength(1);
      expect((await s3.listObjectVersions(at)).Versions).toMatchObject([{ Key: 'some/file', IsLatest: true }]);
      expect(await codeOf(s3.deleteBucket(at))).toBe('BucketNotEmpty');
      await s3.deleteObjects({ ...at, Delete: { Objects: [{ Key: object.Key }] } });
      expect((await s3.listObjectsV2(at)).Contents).toBeUndefined();
      await s3.deleteBucket(at);
      expect((await cloud.resources()).buckets).toEqual([]);
    },
  },
  'secrets and keys': {
    calls: [...['CreateSecret', 'GetSecretValue', 'PutSecretValue', 'DescribeSecret', 'DeleteSecret'].map((action) => `secretsmanager:${action}`),
      ...['CreateKey', 'DescribeKey', 'CreateAlias', 'ListAliases', 'CreateGrant', 'ListGrants'].map((action) => `kms:${action}`)],
    tell: async ({ cloud, to: { secrets } }) => {
      const SecretId = 's';
      await secrets.createSecret({ Name: SecretId, SecretString: 'one' });
      await secrets.putSecretValue({ SecretId, SecretString: 'two' });
      expect((await secrets.getSecretValue({ SecretId })).SecretString).toBe('two');
      expect((await secrets.describeSecret({ SecretId })).Name).toBe('s');
      await secrets.deleteSecret({ SecretId, ForceDeleteWithoutRecovery: true });
      expect(await codeOf(secrets.getSecretValue({ SecretId }))).toBe('ResourceNotFoundException');

      const kms = async (action: string, input: object) => {
        const authorization = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-2/kms/aws4_request, SignedHeaders=host, Signature=0';
        const headers = { authorization, 'x-amz-target': `TrentService.${action}`, 'content-type': 'application/x-amz-json-1.1' };
        return (await fetch(cloud.endpoint, { method: 'POST', headers, body: JSON.stringify(input) })).json() as Promise<{ readonly [name: string]: any }>;
      };
      const { KeyMetadata: { KeyId } } = await kms('CreateKey', {});
      await kms('CreateAlias', { AliasName: 'alias/mine', TargetKeyId: KeyId });
      expect((await kms('DescribeKey', { KeyId: 'alias/mine' })).KeyMetadata).toMatchObject({ KeyId });
      expect((await kms('ListAliases', { KeyId })).Aliases).toMatchObject([{ AliasName: 'alias/mine' }]);
      await kms('CreateGrant', { KeyId, GranteePrincipal: 'arn:aws:iam::123456789012:role/r', Operations: ['Decrypt'] });
      expect((await kms('ListGrants', { KeyId })).Grants).toHaveLength(1);
      expect((await kms('DescribeKey', { KeyId: 'alias/none' })).__type).toBe('NotFoundException');
    },
  },
};

const TRUST = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }] });
const POLICY = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ssm:UpdateInstanceInformation', Resource: '*' }] });
