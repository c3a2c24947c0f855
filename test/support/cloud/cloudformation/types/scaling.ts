import { ask, pick, tagsOf, unless } from './ask';
import { itemsAt, textAt } from '../../protocol/xml';
import type { Properties, ResourceContext, ResourceType } from '../resource-type';
import type { ResourceTypes } from '../resource-types';

const LISTS: { readonly [property: string]: string } = {
  SecurityGroupIds: 'SecurityGroupId',
  SecurityGroups: 'SecurityGroup',
  BlockDeviceMappings: 'BlockDeviceMapping',
  TagSpecifications: 'TagSpecification',
  NetworkInterfaces: 'NetworkInterface',
};

/** Data of a launch template in the names of the API. */
function templateData(data: Properties): object {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => {
    if (name === 'TagSpecifications') {
      return ['TagSpecification', (value as readonly Properties[]).map(({ ResourceType: type, Tags }) => ({ ResourceType: type, Tag: Tags }))];
    }
    if (name === 'NetworkInterfaces') {
      return ['NetworkInterface', (value as readonly Properties[]).map(({ Groups, ...rest }) => ({ ...rest, SecurityGroupId: Groups }))];
    }
    return [LISTS[name] ?? name, value];
  }));
}

const launchTemplate: ResourceType = {
  takes: ['LaunchTemplateData', 'LaunchTemplateName', 'TagSpecifications', 'VersionDescription'],
  recreatedBy: ['LaunchTemplateName', 'TagSpecifications'],
  create: async (context, properties) => {
    const { LaunchTemplateData, LaunchTemplateName = context.newName({ most: 128 }), VersionDescription } = properties;
    const root = await ask(context, 'ec2', 'CreateLaunchTemplate', { LaunchTemplateName, VersionDescription, LaunchTemplateData: templateData(LaunchTemplateData) });
    return versions(textAt(root, 'launchTemplate', 'launchTemplateId'), '1');
  },
  update: async (context, { LaunchTemplateData, VersionDescription }, { physicalId }) => {
    const root = await ask(context, 'ec2', 'CreateLaunchTemplateVersion', {
      LaunchTemplateId: physicalId, VersionDescription, LaunchTemplateData: templateData(LaunchTemplateData),
    });
    const version = textAt(root, 'launchTemplateVersion', 'versionNumber');
    await ask(context, 'ec2', 'ModifyLaunchTemplate', { LaunchTemplateId: physicalId, SetDefaultVersion: version });
    return versions(physicalId, version);
  },
  delete: (context, { physicalId }) => (
    unless(['InvalidLaunchTemplateId.NotFound', 'InvalidLaunchTemplateId.NotFoundException'], ask(context, 'ec2', 'DeleteLaunchTemplate', { LaunchTemplateId: physicalId }))
  ),
};

function versions(physicalId: string, version: string) {
  return { physicalId, attributes: { LaunchTemplateId: physicalId, LatestVersionNumber: version, DefaultVersionNumber: version } };
}

const GROUP = [
  'AvailabilityZones', 'Cooldown', 'DefaultInstanceWarmup', 'DesiredCapacity', 'HealthCheckGracePeriod', 'HealthCheckType', 'LaunchConfigurationName', 'MaxSize',
  'MinSize', 'NewInstancesProtectedFromScaleIn',
];

const group: ResourceType = {
  takes: [...GROUP, 'AutoScalingGroupName', 'LaunchTemplate', 'MixedInstancesPolicy', 'Tags', 'TargetGroupARNs', 'TerminationPolicies', 'VPCZoneIdentifier'],
  isTagged: true,
  recreatedBy: ['AutoScalingGroupName'],
  create: async (context, properties) => {
    const { AutoScalingGroupName = context.newName() } = properties;
    const own = (properties.Tags ?? []) as readonly Properties[];
    const Tags = [...tagsOf(context).map((tag) => ({ ...tag, PropagateAtLaunch: true })), ...own]
      .map((tag) => ({ ...tag, ResourceId: AutoScalingGroupName, ResourceType: 'auto-scaling-group' }));
    await ask(context, 'autoscaling', 'CreateAutoScalingGroup', { AutoScalingGroupName, ...sizes(properties), Tags });
    return { physicalId: AutoScalingGroupName, attributes: { AutoScalingGroupARN: await arnOf(context, AutoScalingGroupName) } };
  },
  update: async (context, properties, { physicalId, attributes }) => {
    await ask(context, 'autoscaling', 'UpdateAutoScalingGroup', { AutoScalingGroupName: physicalId, ...sizes(properties) });
    return { physicalId, attributes };
  },
  delete: (context, { physicalId }) => (
    unless(['ValidationError', 'ResourceContention'], ask(context, 'autoscaling', 'DeleteAutoScalingGroup', { AutoScalingGroupName: physicalId, ForceDelete: true }))
  ),
};

function sizes(properties: Properties): object {
  const { LaunchTemplate, MixedInstancesPolicy, VPCZoneIdentifier, TerminationPolicies, TargetGroupARNs } = properties;
  return {
    ...pick(properties, ...GROUP),
    DesiredCapacity: properties.DesiredCapacity ?? properties.MinSize,
    LaunchTemplate: LaunchTemplate && pick(LaunchTemplate, 'LaunchTemplateId', 'LaunchTemplateName', 'Version'),
    MixedInstancesPolicy,
    TerminationPolicies,
    TargetGroupARNs,
    VPCZoneIdentifier: Array.isArray(VPCZoneIdentifier) ? VPCZoneIdentifier.join(',') : VPCZoneIdentifier,
  };
}

async function arnOf(context: ResourceContext, name: string): Promise<string> {
  const root = await ask(context, 'autoscaling', 'DescribeAutoScalingGroups', { AutoScalingGroupNames: [name] });
  return textAt(itemsAt(root, 'AutoScalingGroups')[0], 'AutoScalingGroupARN');
}

export const SCALING_TYPES: ResourceTypes = { 'AWS::EC2::LaunchTemplate': launchTemplate, 'AWS::AutoScaling::AutoScalingGroup': group };
