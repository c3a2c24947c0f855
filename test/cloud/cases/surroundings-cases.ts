import type { EC2 } from '@aws-sdk/client-ec2';
import { utils } from 'ssh2';
import { codeOf, type Cases } from './case';
import { freshKey } from '../../../lib/communicators/ssh/keys';
import { debian, launch, reach, running } from '../cloud-clients';

export const SURROUNDINGS_CASES: Cases = {
  'ec2:CreateTags': async ({ to: { ec2 } }) => {
    const id = await running(ec2);
    const group = await groupOf(ec2);
    await ec2.createTags({ Resources: [id, group], Tags: [{ Key: 'golden:lease', Value: 'now' }] });
    const { Tags } = await ec2.describeTags({ Filters: [{ Name: 'key', Values: ['golden:lease'] }] });
    expect(Tags!.map(({ ResourceId }) => ResourceId).sort()).toEqual([id, group].sort());
    expect(await codeOf(ec2.createTags({ Resources: ['i-00000000000000000'], Tags: [{ Key: 'a', Value: 'b' }] }))).toBe('InvalidInstanceID.NotFound');
    expect(await codeOf(ec2.createTags({ Resources: ['sg-00000000000000000'], Tags: [{ Key: 'a', Value: 'b' }] }))).toBe('InvalidGroup.NotFound');
    expect(await codeOf(ec2.createTags({ Resources: [id], Tags: [{ Key: 'aws:a', Value: 'b' }] }))).toBe('InvalidParameterValue');
    const many = Array.from({ length: 50 }, (_, index) => ({ Key: `key${index}`, Value: 'v' }));
    expect(await codeOf(ec2.createTags({ Resources: [id], Tags: many }))).toBe('TagLimitExceeded');
  },

  'ec2:DeleteTags': async ({ to: { ec2 } }) => {
    const id = await running(ec2, { TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'a', Value: 'b' }, { Key: 'c', Value: 'd' }] }] });
    await ec2.deleteTags({ Resources: [id], Tags: [{ Key: 'a', Value: 'other' }, { Key: 'c' }] });
    expect((await ec2.describeTags({ Filters: [{ Name: 'resource-id', Values: [id] }] })).Tags!.map(({ Key }) => Key)).toEqual(['a']);
  },

  'ec2:DescribeTags': async ({ to: { ec2 } }) => {
    await running(ec2, { TagSpecifications: [{ ResourceType: 'volume', Tags: [{ Key: 'a', Value: 'b' }] }] });
    expect((await ec2.describeTags({ Filters: [{ Name: 'resource-type', Values: ['volume'] }] })).Tags).toMatchObject([{ Key: 'a', Value: 'b' }]);
  },

  'ec2:CreateSecurityGroup': async ({ cloud, to: { ec2 } }) => {
    const tags = [{ Key: 'golden:managed', Value: 'true' }];
    await ec2.createSecurityGroup({ GroupName: 'g', Description: 'd', TagSpecifications: [{ ResourceType: 'security-group', Tags: tags }] });
    expect(await codeOf(ec2.createSecurityGroup({ GroupName: 'g', Description: 'd' }))).toBe('InvalidGroup.Duplicate');
    expect((await cloud.resources()).securityGroups).toMatchObject([{ name: 'g', tags: { 'golden:managed': 'true' } }]);
  },

  'ec2:DeleteSecurityGroup': async ({ to: { ec2 } }) => {
    const group = await groupOf(ec2);
    const id = await running(ec2, { SecurityGroupIds: [group] });
    expect(await codeOf(ec2.deleteSecurityGroup({ GroupId: group }))).toBe('DependencyViolation');
    await ec2.terminateInstances({ InstanceIds: [id] });
    await reach(ec2, id, 'terminated');
    await ec2.deleteSecurityGroup({ GroupId: group });
    expect(await codeOf(ec2.deleteSecurityGroup({ GroupId: group }))).toBe('InvalidGroup.NotFound');
  },

  'ec2:DescribeSecurityGroups': async ({ cloud, to: { ec2 } }) => {
    cloud.settings.consistencyMs = 60_000;
    const group = await groupOf(ec2);
    expect(await codeOf(ec2.describeSecurityGroups({ GroupIds: [group] }))).toBe('InvalidGroup.NotFound');
    expect((await ec2.describeSecurityGroups({ Filters: [{ Name: 'group-name', Values: ['g'] }] })).SecurityGroups).toEqual([]);
    expect(await codeOf(ec2.runInstances({ ImageId: await debian(ec2), InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, SecurityGroupIds: [group] }))).toBe('InvalidGroup.NotFound');
    cloud.settings.consistencyMs = 0;
    expect((await ec2.describeSecurityGroups({ Filters: [{ Name: 'group-name', Values: ['g'] }] })).SecurityGroups).toMatchObject([{ GroupId: group }]);
  },

  'ec2:AuthorizeSecurityGroupIngress': async ({ to: { ec2 } }) => {
    const rule = { GroupId: await groupOf(ec2), IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '192.0.2.1/32' }] }] };
    await ec2.authorizeSecurityGroupIngress(rule);
    expect(await codeOf(ec2.authorizeSecurityGroupIngress(rule))).toBe('InvalidPermission.Duplicate');
  },

  'ec2:AuthorizeSecurityGroupEgress': async ({ to: { ec2 } }) => {
    const rule = { GroupId: await groupOf(ec2), IpPermissions: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '192.0.2.1/32' }] }] };
    await ec2.authorizeSecurityGroupEgress(rule);
    expect(await codeOf(ec2.authorizeSecurityGroupEgress(rule))).toBe('InvalidPermission.Duplicate');
  },

  'ec2:RevokeSecurityGroupIngress': async ({ to: { ec2 } }) => {
    const rule = { GroupId: await groupOf(ec2), IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '192.0.2.1/32' }] }] };
    await ec2.authorizeSecurityGroupIngress(rule);
    await ec2.revokeSecurityGroupIngress(rule);
    expect((await ec2.describeSecurityGroups({ GroupIds: [rule.GroupId] })).SecurityGroups![0].IpPermissions).toEqual([]);
  },

  'ec2:RevokeSecurityGroupEgress': async ({ to: { ec2 } }) => {
    const GroupId = await groupOf(ec2);
    const [{ IpPermissionsEgress }] = (await ec2.describeSecurityGroups({ GroupIds: [GroupId] })).SecurityGroups!;
    await ec2.revokeSecurityGroupEgress({ GroupId, IpPermissions: IpPermissionsEgress });
    expect((await ec2.describeSecurityGroups({ GroupIds: [GroupId] })).SecurityGroups![0].IpPermissionsEgress).toEqual([]);
  },

  'ec2:CreateKeyPair': async ({ to: { ec2 } }) => {
    for (const KeyType of ['rsa', 'ed25519'] as const) {
      const { KeyMaterial } = await ec2.createKeyPair({ KeyName: KeyType, KeyType });
      expect(utils.parseKey(KeyMaterial!)).toMatchObject({ type: KeyType === 'rsa' ? 'ssh-rsa' : 'ssh-ed25519' });
    }
    expect(await codeOf(ec2.createKeyPair({ KeyName: 'rsa' }))).toBe('InvalidKeyPair.Duplicate');
  },

  'ec2:ImportKeyPair': async ({ cloud, to: { ec2 } }) => {
    const { publicKey: key } = freshKey();
    await ec2.importKeyPair({ KeyName: 'k', PublicKeyMaterial: Buffer.from(key) });
    const { InstanceId } = await launch(ec2, { KeyName: 'k' });
    await reach(ec2, InstanceId!, 'running');
    expect(cloud.world.region(cloud.region).instances.get(InstanceId!)!.machine).toMatchObject({ request: { publicKey: key, loginUser: 'admin' } });
    expect(await codeOf(ec2.importKeyPair({ KeyName: 'bad', PublicKeyMaterial: Buffer.from('nonsense') }))).toBe('InvalidKey.Format');
  },

  'ec2:DeleteKeyPair': async ({ cloud, to: { ec2 } }) => {
    await ec2.createKeyPair({ KeyName: 'k', KeyType: 'ed25519' });
    await ec2.deleteKeyPair({ KeyName: 'k' });
    await ec2.deleteKeyPair({ KeyName: 'k' });
    expect((await cloud.resources()).keyPairs).toEqual([]);
  },

  'ec2:DescribeKeyPairs': async ({ to: { ec2 } }) => {
    await ec2.createKeyPair({ KeyName: 'k', KeyType: 'ed25519' });
    expect((await ec2.describeKeyPairs({ KeyNames: ['k'] })).KeyPairs).toMatchObject([{ KeyName: 'k', KeyType: 'ed25519' }]);
    expect(await codeOf(ec2.describeKeyPairs({ KeyNames: ['none'] }))).toBe('InvalidKeyPair.NotFound');
  },

  'ec2:DescribeSubnets': async ({ to: { ec2 } }) => {
    const before = (await ec2.describeSubnets({})).Subnets!;
    const { SubnetId } = await launch(ec2, { SubnetId: before[1].SubnetId });
    const after = (await ec2.describeSubnets({ SubnetIds: [SubnetId!] })).Subnets![0];
    expect(after.AvailableIpAddressCount).toBe(before[1].AvailableIpAddressCount! - 1);
  },

  'ec2:DescribeSpotInstanceRequests': async ({ to: { ec2 } }) => {
    const InstanceId = await running(ec2, { InstanceMarketOptions: { MarketType: 'spot' } });
    expect((await ec2.describeSpotInstanceRequests({})).SpotInstanceRequests).toMatchObject([{ Type: 'one-time', State: 'active', InstanceId }]);
    expect((await ec2.describeSpotInstanceRequests({ SpotInstanceRequestIds: ['sir-00000000'] })).SpotInstanceRequests).toEqual([]);
  },

  'ec2:CancelSpotInstanceRequests': async ({ to: { ec2 } }) => {
    expect((await ec2.cancelSpotInstanceRequests({ SpotInstanceRequestIds: ['sir-00000000'] })).CancelledSpotInstanceRequests).toEqual([]);
  },

  'ec2:GetEbsEncryptionByDefault': async ({ cloud, to: { ec2 } }) => {
    expect((await ec2.getEbsEncryptionByDefault({})).EbsEncryptionByDefault).toBe(false);
    cloud.settings.encryptionByDefault = ['us-east-2'];
    await running(ec2);
    expect((await ec2.describeVolumes({})).Volumes![0].Encrypted).toBe(true);
  },

  'ec2:GetEbsDefaultKmsKeyId': async ({ cloud, to: { ec2 } }) => {
    expect((await ec2.getEbsDefaultKmsKeyId({})).KmsKeyId).toBe('arn:aws:kms:us-east-2:123456789012:alias/aws/ebs');
    cloud.settings.defaultKey = 'alias/ours';
    expect((await ec2.getEbsDefaultKmsKeyId({})).KmsKeyId).toBe('arn:aws:kms:us-east-2:123456789012:alias/ours');
    await running(ec2, { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true } }] });
    expect((await ec2.describeVolumes({})).Volumes![0].KmsKeyId).toBe('arn:aws:kms:us-east-2:123456789012:alias/ours');
  },
};

async function groupOf(ec2: EC2): Promise<string> {
  return (await ec2.createSecurityGroup({ GroupName: 'g', Description: 'd' })).GroupId!;
}
