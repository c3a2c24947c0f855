import {
  DescribeAutoScalingGroupsCommand, DescribeLaunchConfigurationsCommand, type AutoScalingGroup, type LaunchTemplateSpecification,
} from '@aws-sdk/client-auto-scaling';
import {
  DescribeInstancesCommand, DescribeLaunchTemplatesCommand, DescribeLaunchTemplateVersionsCommand, type LaunchTemplateVersion,
} from '@aws-sdk/client-ec2';
import type { Cloud } from './cloud';
import { allPages } from './pages';
import { stacksThatName } from './stack-use';

/** What may be removed: an image in a region, and the parameter that names it there. */
export interface Removable {
  readonly region: string;
  readonly imageId: string;
  /** Absent: it is not the one that the parameter names. */
  readonly parameterName?: string;
}

/** Who uses these images: one line each, such as `instance i-0123 in eu-west-1`. All are of one region. */
export async function usersOf(cloud: Cloud, region: string, removables: readonly Removable[]): Promise<readonly string[]> {
  const imageIds = removables.map(({ imageId }) => imageId);
  const names = new Set(removables.flatMap(({ parameterName }) => parameterName ?? []));
  const [instances, templates, stacks] = await Promise.all([
    instancesOf(cloud, region, imageIds),
    templatesOf(cloud, region, imageIds, names),
    stacksThatName(cloud, region, [...imageIds, ...names]),
  ]);
  return [...instances, ...templates, ...stacks];
}

async function instancesOf(cloud: Cloud, region: string, imageIds: readonly string[]): Promise<readonly string[]> {
  const ec2 = cloud.clients.ec2(region);
  const Filters = [
    { Name: 'image-id', Values: [...imageIds] }, { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] },
  ];
  const pages = await allPages((NextToken) => ec2.send(new DescribeInstancesCommand({ Filters, NextToken })));
  const instances = pages.flatMap(({ Reservations = [] }) => Reservations).flatMap(({ Instances = [] }) => Instances);
  return instances.map(({ InstanceId, ImageId }) => `instance ${InstanceId} in ${region} was launched from ${ImageId}`);
}

async function templatesOf(cloud: Cloud, region: string, imageIds: readonly string[], names: ReadonlySet<string>): Promise<readonly string[]> {
  const [versions, groups, configurations] = await Promise.all([
    usedVersions(cloud, region, imageIds, names), autoScalingGroups(cloud, region), launchConfigurations(cloud, region, imageIds),
  ]);
  const groupLines = groups.flatMap((group) => {
    const name = `Auto Scaling group ${group.AutoScalingGroupName} in ${region}`;
    const version = versions.find((each) => launchesFrom(group, each));
    return [
      ...version ? [`${name} uses launch template ${version.LaunchTemplateName} version ${version.VersionNumber}`] : [],
      ...configurations.includes(group.LaunchConfigurationName ?? '') ? [`${name} uses launch configuration ${group.LaunchConfigurationName}`] : [],
    ];
  });
  return [
    ...versions.map(({ LaunchTemplateName, VersionNumber, LaunchTemplateData }) => (
      `launch template ${LaunchTemplateName} version ${VersionNumber} in ${region} names ${LaunchTemplateData?.ImageId}`
    )),
    ...configurations.map((name) => `launch configuration ${name} in ${region}`),
    ...groupLines,
  ];
}

/** Versions of launch templates that name one of the images, or the parameter that names it. */
async function usedVersions(
  cloud: Cloud, region: string, imageIds: readonly string[], names: ReadonlySet<string>,
): Promise<readonly LaunchTemplateVersion[]> {
  const ec2 = cloud.clients.ec2(region);
  const isUsed = (image = '') => imageIds.includes(image) || names.has(parameterOf(image) ?? '');
  const templates = await allPages((NextToken) => ec2.send(new DescribeLaunchTemplatesCommand({ NextToken })));
  const used: LaunchTemplateVersion[] = [];
  for (const { LaunchTemplateId } of templates.flatMap(({ LaunchTemplates = [] }) => LaunchTemplates)) {
    const versions = await allPages((NextToken) => ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, NextToken })));
    used.push(...versions.flatMap(({ LaunchTemplateVersions = [] }) => LaunchTemplateVersions)
      .filter(({ LaunchTemplateData }) => isUsed(LaunchTemplateData?.ImageId)));
  }
  return used;
}

/** Name of the parameter in `resolve:ssm:name`, `resolve:ssm:name:version` or `resolve:ssm:name:label`. */
function parameterOf(image: string): string | undefined {
  return /^resolve:ssm:([^:]+)/.exec(image)?.[1];
}

async function autoScalingGroups(cloud: Cloud, region: string): Promise<readonly AutoScalingGroup[]> {
  const autoScaling = cloud.clients.autoScaling(region);
  const pages = await allPages((NextToken) => autoScaling.send(new DescribeAutoScalingGroupsCommand({ NextToken })));
  return pages.flatMap(({ AutoScalingGroups = [] }) => AutoScalingGroups);
}

/** Names of the launch configurations that name one of the images. */
async function launchConfigurations(cloud: Cloud, region: string, imageIds: readonly string[]): Promise<readonly string[]> {
  const autoScaling = cloud.clients.autoScaling(region);
  const pages = await allPages((NextToken) => autoScaling.send(new DescribeLaunchConfigurationsCommand({ NextToken })));
  return pages.flatMap(({ LaunchConfigurations = [] }) => LaunchConfigurations)
    .filter(({ ImageId }) => imageIds.includes(ImageId ?? ''))
    .map(({ LaunchConfigurationName }) => LaunchConfigurationName!);
}

/** Whether a group launches from a template: which of its versions may change at any time, where the group names none by number. */
function launchesFrom(group: AutoScalingGroup, { LaunchTemplateId, VersionNumber }: LaunchTemplateVersion): boolean {
  const policy = group.MixedInstancesPolicy?.LaunchTemplate;
  const specifications: (LaunchTemplateSpecification | undefined)[] = [
    group.LaunchTemplate, policy?.LaunchTemplateSpecification, ...(policy?.Overrides ?? []).map((override) => override.LaunchTemplateSpecification),
  ];
  return specifications.some((each) => (
    each?.LaunchTemplateId === LaunchTemplateId && (!/^\d+$/.test(each?.Version ?? '') || Number(each?.Version) === VersionNumber)
  ));
}
