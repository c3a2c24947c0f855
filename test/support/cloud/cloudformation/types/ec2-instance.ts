import { ask, pick, tagsOf, unless, until } from './ask';
import { child, itemsAt, textAt, type XmlElement } from '../../protocol/xml';
import type { Made, Properties, ResourceContext, ResourceType } from '../resource-type';
import type { ResourceTypes } from '../resource-types';

/** In the name of the API where it is another one. */
const LISTS: { readonly [property: string]: string } = {
  SecurityGroupIds: 'SecurityGroupId', SecurityGroups: 'SecurityGroup', BlockDeviceMappings: 'BlockDeviceMapping',
};

const TAKEN = [
  'ImageId', 'InstanceType', 'KeyName', 'SubnetId', 'UserData', 'EbsOptimized', 'Monitoring', 'DisableApiTermination', 'InstanceInitiatedShutdownBehavior',
  'MetadataOptions', 'CreditSpecification', 'PrivateDnsNameOptions', 'InstanceMarketOptions',
] as const;

const instance: ResourceType = {
  takes: [
    ...TAKEN, ...Object.keys(LISTS), 'AvailabilityZone', 'IamInstanceProfile', 'LaunchTemplate', 'NetworkInterfaces', 'PropagateTagsToVolumeOnCreation',
    'SourceDestCheck', 'Tags', 'Tenancy',
  ],
  isTagged: true,
  recreatedBy: [
    'ImageId', 'KeyName', 'SubnetId', 'AvailabilityZone', 'NetworkInterfaces', 'SecurityGroups', 'BlockDeviceMappings', 'LaunchTemplate', 'Monitoring', 'Tenancy',
    'IamInstanceProfile', 'MetadataOptions', 'SecurityGroupIds', 'SourceDestCheck', 'PropagateTagsToVolumeOnCreation',
  ],
  // An instance with its disk on a volume is stopped for them.
  perhapsRecreatedBy: ['InstanceType', 'UserData', 'EbsOptimized'],
  create: async (context, properties) => {
    const data = { ...await launchTemplateData(context, properties.LaunchTemplate), ...launchData(properties) };
    const tags = tagsOf(context, properties.Tags);
    const root = await ask(context, 'ec2', 'RunInstances', {
      ...data,
      MinCount: 1,
      MaxCount: 1,
      TagSpecification: tags.length > 0 ? [{ ResourceType: 'instance', Tag: tags }] : [],
    });
    const id = textAt(itemsAt(root, 'instancesSet')[0], 'instanceId');
    context.announce(id);
    await until(context, async () => (await stateOf(context, id)) !== 'pending');
    return describe(context, id);
  },
  update: async (context, properties, before) => {
    const { physicalId } = before;
    const changed = ['InstanceType', 'UserData', 'EbsOptimized'].filter((name) => properties[name] !== before.properties[name]);
    if (changed.length > 0) {
      await ask(context, 'ec2', 'StopInstances', { InstanceId: [physicalId] });
      await until(context, async () => (await stateOf(context, physicalId)) === 'stopped');
      for (const name of changed) { await ask(context, 'ec2', 'ModifyInstanceAttribute', { InstanceId: physicalId, [name]: { Value: properties[name] } }); }
      await ask(context, 'ec2', 'StartInstances', { InstanceId: [physicalId] });
      await until(context, async () => (await stateOf(context, physicalId)) === 'running');
    }
    await ask(context, 'ec2', 'CreateTags', { ResourceId: [physicalId], Tag: tagsOf(context, properties.Tags) });
    return describe(context, physicalId);
  },
  delete: async (context, { physicalId }) => {
    await unless(['InvalidInstanceID.NotFound'], ask(context, 'ec2', 'TerminateInstances', { InstanceId: [physicalId] }));
    await until(context, async () => ['terminated', undefined].includes(await stateOf(context, physicalId)));
  },
};

/** Parameters of RunInstances, from properties of an instance or data of a launch template. */
function launchData(properties: Properties): { readonly [name: string]: unknown } {
  const { IamInstanceProfile: profile, AvailabilityZone, NetworkInterfaces, Monitoring } = properties;
  return {
    ...pick(properties, ...TAKEN),
    ...Object.fromEntries(Object.entries(LISTS).filter(([name]) => properties[name] !== undefined).map(([name, one]) => [one, properties[name]])),
    ...Monitoring === undefined ? {} : { Monitoring: typeof Monitoring === 'object' ? Monitoring : { Enabled: Monitoring } },
    ...profile === undefined ? {} : { IamInstanceProfile: typeof profile === 'string' ? { Name: profile } : pick(profile, 'Arn', 'Name') },
    ...AvailabilityZone === undefined ? {} : { Placement: { AvailabilityZone } },
    ...NetworkInterfaces === undefined ? {} : {
      NetworkInterface: (NetworkInterfaces as readonly Properties[])
        .map(({ GroupSet, Groups, ...rest }) => ({ ...rest, SecurityGroupId: GroupSet ?? Groups })),
    },
  };
}

/** What a launch template says, as the instance type keeps it. */
async function launchTemplateData(context: ResourceContext, reference: Properties | undefined): Promise<{ readonly [name: string]: unknown }> {
  if (!reference) { return {}; }
  const { LaunchTemplateId, LaunchTemplateName, Version } = reference;
  const root = await ask(context, 'ec2', 'DescribeLaunchTemplateVersions', { LaunchTemplateId, LaunchTemplateName, LaunchTemplateVersion: [Version ?? '$Default'] });
  const data = child(itemsAt(root, 'launchTemplateVersionSet')[0], 'launchTemplateData');
  return launchData(capitalized(data));
}

/** The API writes its answers with small letters. */
function capitalized(data: XmlElement | undefined): Properties {
  const lists = new Map([['securityGroupIdSet', 'SecurityGroupIds'], ['securityGroupSet', 'SecurityGroups'], ['blockDeviceMappingSet', 'BlockDeviceMappings']]);
  const value = (element: XmlElement): unknown => {
    if (element.children.length === 0) { return element.text.trim(); }
    if (element.children.every(({ name }) => name === 'item')) { return element.children.map(value); }
    return Object.fromEntries(element.children.map((one) => [one.name[0].toUpperCase() + one.name.slice(1), value(one)]));
  };
  const known = [...TAKEN, 'IamInstanceProfile'] as readonly string[];
  return Object.fromEntries((data?.children ?? []).flatMap((one) => {
    const name = lists.get(one.name) ?? one.name[0].toUpperCase() + one.name.slice(1);
    return lists.has(one.name) || known.includes(name) ? [[name, value(one)]] : [];
  }));
}

async function found(context: ResourceContext, id: string): Promise<XmlElement | undefined> {
  const root = await ask(context, 'ec2', 'DescribeInstances', { Filter: [{ Name: 'instance-id', Value: [id] }] });
  return itemsAt(itemsAt(root, 'reservationSet')[0], 'instancesSet')[0];
}

async function stateOf(context: ResourceContext, id: string): Promise<string | undefined> {
  const one = await found(context, id);
  return one && textAt(one, 'instanceState', 'name');
}

async function describe(context: ResourceContext, id: string): Promise<Made> {
  const one = await found(context, id);
  return {
    physicalId: id,
    attributes: {
      InstanceId: id,
      AvailabilityZone: textAt(one, 'placement', 'availabilityZone'),
      PrivateDnsName: textAt(one, 'privateDnsName'),
      PrivateIp: textAt(one, 'privateIpAddress'),
      PublicDnsName: textAt(one, 'dnsName'),
      PublicIp: textAt(one, 'ipAddress'),
      VpcId: textAt(one, 'vpcId'),
    },
  };
}

export const EC2_INSTANCE_TYPES: ResourceTypes = { 'AWS::EC2::Instance': instance };
