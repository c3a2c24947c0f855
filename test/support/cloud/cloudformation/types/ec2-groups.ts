import { ask, tagsOf, unless } from './ask';
import { textAt } from '../../protocol/xml';
import { isSame } from '../comparison';
import type { Properties, ResourceContext, ResourceType } from '../resource-type';
import type { ResourceTypes } from '../resource-types';

type Direction = 'Ingress' | 'Egress';

const RULE = [
  'IpProtocol', 'FromPort', 'ToPort', 'CidrIp', 'CidrIpv6', 'Description', 'SourceSecurityGroupId', 'SourceSecurityGroupOwnerId', 'DestinationSecurityGroupId',
];

const EVERYTHING = { IpProtocol: '-1', CidrIp: '0.0.0.0/0' };

/** A rule as the API takes it. */
function permission(rule: Properties): object {
  const { IpProtocol, FromPort, ToPort, CidrIp, CidrIpv6, Description } = rule;
  const other = rule.SourceSecurityGroupId ?? rule.DestinationSecurityGroupId;
  return {
    IpProtocol: String(IpProtocol),
    FromPort,
    ToPort,
    IpRanges: CidrIp === undefined ? undefined : [{ CidrIp, Description }],
    Ipv6Ranges: CidrIpv6 === undefined ? undefined : [{ CidrIpv6, Description }],
    Groups: other === undefined ? undefined : [{ GroupId: other, Description }],
  };
}

function change(context: ResourceContext, verb: 'Authorize' | 'Revoke', direction: Direction, GroupId: string, rules: readonly Properties[]): Promise<unknown> {
  return ask(context, 'ec2', `${verb}SecurityGroup${direction}`, { GroupId, IpPermissions: rules.map(permission) });
}

async function move(
  context: ResourceContext, direction: Direction, id: string, before: readonly Properties[], after: readonly Properties[],
): Promise<void> {
  const old = before.filter((rule) => !after.some((other) => isSame(rule, other)));
  const fresh = after.filter((rule) => !before.some((other) => isSame(rule, other)));
  if (old.length > 0) { await change(context, 'Revoke', direction, id, old); }
  if (fresh.length > 0) { await change(context, 'Authorize', direction, id, fresh); }
}

const group: ResourceType = {
  takes: ['GroupDescription', 'GroupName', 'SecurityGroupEgress', 'SecurityGroupIngress', 'Tags', 'VpcId'],
  isTagged: true,
  recreatedBy: ['GroupDescription', 'GroupName', 'VpcId'],
  create: async (context, properties) => {
    const { GroupDescription, GroupName = context.newName(), VpcId, SecurityGroupIngress = [], SecurityGroupEgress } = properties;
    const tags = tagsOf(context, properties.Tags);
    const root = await ask(context, 'ec2', 'CreateSecurityGroup', {
      GroupDescription, GroupName, VpcId, TagSpecification: tags.length > 0 ? [{ ResourceType: 'security-group', Tag: tags }] : undefined,
    });
    const physicalId = textAt(root, 'groupId');
    context.announce(physicalId);
    await move(context, 'Ingress', physicalId, [], SecurityGroupIngress);
    // A group lets everything out unless it is told what.
    if (SecurityGroupEgress) { await move(context, 'Egress', physicalId, [EVERYTHING], SecurityGroupEgress.map(withoutWords)); }
    return { physicalId, attributes: { GroupId: physicalId, VpcId } };
  },
  update: async (context, properties, { physicalId, properties: before }) => {
    await move(context, 'Ingress', physicalId, before.SecurityGroupIngress ?? [], properties.SecurityGroupIngress ?? []);
    const egress = ({ SecurityGroupEgress = [EVERYTHING] }: Properties) => SecurityGroupEgress.map(withoutWords);
    await move(context, 'Egress', physicalId, egress(before), egress(properties));
    const Tag = tagsOf(context, properties.Tags);
    if (Tag.length > 0) { await ask(context, 'ec2', 'CreateTags', { ResourceId: [physicalId], Tag }); }
    return { physicalId, attributes: { GroupId: physicalId, VpcId: properties.VpcId } };
  },
  delete: (context, { physicalId }) => unless(['InvalidGroup.NotFound'], ask(context, 'ec2', 'DeleteSecurityGroup', { GroupId: physicalId })),
};

/** The words of a rule do not make it another one. */
function withoutWords({ Description, ...rule }: Properties): Properties {
  return isSame(rule, EVERYTHING) ? EVERYTHING : { ...rule, Description };
}

function ruleType(direction: Direction): ResourceType {
  const rules = ({ GroupId: _group, ...rest }: Properties) => [rest];
  return {
    takes: ['GroupId', ...RULE],
    recreatedBy: 'any',
    create: async (context, properties) => {
      await change(context, 'Authorize', direction, properties.GroupId, rules(properties));
      const physicalId = context.newName();
      return { physicalId, attributes: { Id: physicalId } };
    },
    delete: (context, { properties }) => (
      unless(['InvalidGroup.NotFound', 'InvalidPermission.NotFound'], change(context, 'Revoke', direction, properties.GroupId, rules(properties)))
    ),
  };
}

export const EC2_GROUP_TYPES: ResourceTypes = {
  'AWS::EC2::SecurityGroup': group,
  'AWS::EC2::SecurityGroupIngress': ruleType('Ingress'),
  'AWS::EC2::SecurityGroupEgress': ruleType('Egress'),
};
