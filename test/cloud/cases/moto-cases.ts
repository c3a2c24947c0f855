import type { Cases } from './case';
import { image } from '../cloud-clients';

/** Several calls of moto's in one story each: what we rely on, not all that they can do. */
export const MOTO_STORIES: { readonly [name: string]: { readonly calls: readonly string[]; readonly tell: Cases[string] } } = {
  'networks': {
    calls: ['DescribeVpcs', 'DescribeRegions', 'DescribeAvailabilityZones', 'DescribeAccountAttributes', 'DescribeRouteTables', 'CreateVpc', 'DeleteVpc', 'CreateSubnet',
      'DeleteSubnet', 'ModifySubnetAttribute', 'DescribeVpcEndpoints'].map((action) => `ec2:${action}`),
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
      const { LaunchTemplateId } = (await ec2.createLaunchTemplate({ LaunchTemplateName: 'lt', LaunchTemplateData: { ImageId } })).LaunchTemplate!;
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
};
