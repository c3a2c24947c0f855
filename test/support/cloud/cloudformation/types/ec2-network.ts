import { ask, pick, tagsOf, unless } from './ask';
import { itemsAt, textAt } from '../../protocol/xml';
import type { Properties, ResourceContext, ResourceType } from '../resource-type';
import type { ResourceTypes } from '../resource-types';

async function tag(context: ResourceContext, id: string, own: Properties['Tags']): Promise<void> {
  const Tag = tagsOf(context, own);
  if (Tag.length > 0) { await ask(context, 'ec2', 'CreateTags', { ResourceId: [id], Tag }); }
}

/** A resource that is no more than a call to make it, one to remove it, and tags. */
function simple({ noun, create, takes, gone, attributes = () => ({}), update = async () => {} }: {
  /** As in `CreateVpc`. */
  readonly noun: string;
  readonly create: (properties: Properties) => Properties;
  readonly takes: readonly string[];
  readonly gone: string;
  readonly attributes?: (context: ResourceContext, id: string, properties: Properties) => object | Promise<object>;
  readonly update?: (context: ResourceContext, id: string, properties: Properties) => Promise<void>;
}): ResourceType {
  const answer = noun[0].toLowerCase() + noun.slice(1);
  const finish = async (context: ResourceContext, id: string, properties: Properties) => {
    await update(context, id, properties);
    await tag(context, id, properties.Tags);
    return { physicalId: id, attributes: { [`${noun}Id`]: id, ...await attributes(context, id, properties) } };
  };
  return {
    takes: [...takes, 'Tags'],
    isTagged: true,
    recreatedBy: Object.keys(create(Object.fromEntries(takes.map((name) => [name, '1'])))),
    create: async (context, properties) => {
      const root = await ask(context, 'ec2', `Create${noun}`, create(properties));
      const id = textAt(root, answer, `${answer}Id`);
      context.announce(id);
      return finish(context, id, properties);
    },
    update: (context, properties, { physicalId }) => finish(context, physicalId, properties),
    delete: (context, { physicalId }) => unless([gone], ask(context, 'ec2', `Delete${noun}`, { [`${noun}Id`]: physicalId })),
  };
}

const vpc = simple({
  noun: 'Vpc',
  takes: ['CidrBlock', 'EnableDnsHostnames', 'EnableDnsSupport', 'InstanceTenancy'],
  create: (properties) => pick(properties, 'CidrBlock', 'InstanceTenancy'),
  gone: 'InvalidVpcID.NotFound',
  update: async (context, VpcId, properties) => {
    for (const name of ['EnableDnsSupport', 'EnableDnsHostnames']) {
      if (properties[name] !== undefined) { await ask(context, 'ec2', 'ModifyVpcAttribute', { VpcId, [name]: { Value: properties[name] } }); }
    }
  },
  attributes: async (context, id, { CidrBlock }) => {
    const groups = await ask(context, 'ec2', 'DescribeSecurityGroups', { Filter: [{ Name: 'vpc-id', Value: [id] }, { Name: 'group-name', Value: ['default'] }] });
    return { CidrBlock, DefaultSecurityGroup: textAt(itemsAt(groups, 'securityGroupInfo')[0], 'groupId'), Ipv6CidrBlocks: [] };
  },
});

const subnet = simple({
  noun: 'Subnet',
  takes: ['VpcId', 'CidrBlock', 'AvailabilityZone', 'MapPublicIpOnLaunch', 'AssignIpv6AddressOnCreation'],
  create: (properties) => pick(properties, 'VpcId', 'CidrBlock', 'AvailabilityZone'),
  gone: 'InvalidSubnetID.NotFound',
  update: async (context, SubnetId, { MapPublicIpOnLaunch }) => {
    if (MapPublicIpOnLaunch !== undefined) { await ask(context, 'ec2', 'ModifySubnetAttribute', { SubnetId, MapPublicIpOnLaunch: { Value: MapPublicIpOnLaunch } }); }
  },
  attributes: async (context, id, { VpcId, CidrBlock }) => {
    const root = await ask(context, 'ec2', 'DescribeSubnets', { SubnetId: [id] });
    return { VpcId, CidrBlock, AvailabilityZone: textAt(itemsAt(root, 'subnetSet')[0], 'availabilityZone'), Ipv6CidrBlocks: [] };
  },
});

const routeTable = simple({
  noun: 'RouteTable', takes: ['VpcId'], create: (properties) => pick(properties, 'VpcId'), gone: 'InvalidRouteTableID.NotFound',
});

const internetGateway = simple({ noun: 'InternetGateway', takes: [], create: () => ({}), gone: 'InvalidInternetGatewayID.NotFound' });

const ROUTE_TARGETS = ['GatewayId', 'NatGatewayId', 'InstanceId', 'NetworkInterfaceId', 'TransitGatewayId', 'VpcPeeringConnectionId'];

const route: ResourceType = {
  takes: ['RouteTableId', 'DestinationCidrBlock', ...ROUTE_TARGETS],
  recreatedBy: ['RouteTableId', 'DestinationCidrBlock'],
  create: async (context, properties) => {
    const { RouteTableId, DestinationCidrBlock } = properties;
    await ask(context, 'ec2', 'CreateRoute', properties);
    return { physicalId: `${RouteTableId}|${DestinationCidrBlock}` };
  },
  update: async (context, properties, { physicalId }) => {
    await ask(context, 'ec2', 'ReplaceRoute', properties);
    return { physicalId };
  },
  delete: (context, { properties }) => (
    unless(['InvalidRoute.NotFound', 'InvalidRouteTableID.NotFound'], ask(context, 'ec2', 'DeleteRoute', pick(properties, 'RouteTableId', 'DestinationCidrBlock')))
  ),
};

const association: ResourceType = {
  takes: ['RouteTableId', 'SubnetId'],
  recreatedBy: 'any',
  create: async (context, properties) => {
    const physicalId = textAt(await ask(context, 'ec2', 'AssociateRouteTable', properties), 'associationId');
    return { physicalId, attributes: { Id: physicalId } };
  },
  delete: (context, { physicalId }) => unless(['InvalidAssociationID.NotFound'], ask(context, 'ec2', 'DisassociateRouteTable', { AssociationId: physicalId })),
};

const attachment: ResourceType = {
  takes: ['VpcId', 'InternetGatewayId'],
  recreatedBy: 'any',
  create: async (context, properties) => {
    await ask(context, 'ec2', 'AttachInternetGateway', properties);
    return { physicalId: `IGW|${properties.VpcId}`, attributes: { AttachmentType: 'IGW' } };
  },
  delete: (context, { properties }) => (
    unless(['Gateway.NotAttached', 'InvalidInternetGatewayID.NotFound'], ask(context, 'ec2', 'DetachInternetGateway', pick(properties, 'VpcId', 'InternetGatewayId')))
  ),
};

export const EC2_NETWORK_TYPES: ResourceTypes = {
  'AWS::EC2::VPC': vpc,
  'AWS::EC2::Subnet': subnet,
  'AWS::EC2::RouteTable': routeTable,
  'AWS::EC2::InternetGateway': internetGateway,
  'AWS::EC2::Route': route,
  'AWS::EC2::SubnetRouteTableAssociation': association,
  'AWS::EC2::VPCGatewayAttachment': attachment,
};
