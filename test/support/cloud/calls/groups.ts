import { ApiError } from '../protocol/api-error';
import { itemsAt, textAt, type XmlElement } from '../protocol/xml';
import { action, type Call } from '../world';
import { Relayed, relay } from './relay';
import { ask, isKnown } from './surroundings';

const RULES = 'GroupId GroupName IpPermissions IpProtocol FromPort ToPort CidrIp SourceSecurityGroupName SourceSecurityGroupOwnerId TagSpecification SecurityGroupRuleId';

/** Security groups are moto's; what it does not mind we do: groups in use, and fresh ones. */
export const GROUP_CALLS = {
  CreateSecurityGroup: action('GroupName GroupDescription VpcId TagSpecification', async (call) => {
    const answer = await relay(call);
    call.world.births.set(textAt(answer.root, 'groupId'), call.world.clock.now());
    return answer;
  }),

  DeleteSecurityGroup: action('GroupId GroupName', async (call) => {
    const id = call.input.text('GroupId') ?? await idOf(call, call.input.text('GroupName') ?? '');
    checkKnown(call, id);
    const user = [...call.region.instances.values()].find(({ groups }) => groups.some((group) => group.id === id));
    if (user) { throw new ApiError('DependencyViolation', `resource ${id} has a dependent object`); }
    const answer = await relay(call);
    call.world.births.delete(id);
    return answer;
  }),

  DescribeSecurityGroups: action('GroupId GroupName Filter MaxResults NextToken', async (call) => {
    for (const id of call.input.texts('GroupId')) { checkKnown(call, id); }
    const answer = await relay(call);
    return call.world.settings.consistencyMs > 0 ? withoutFresh(call, answer) : answer;
  }),

  AuthorizeSecurityGroupIngress: action(RULES, changeRules),
  AuthorizeSecurityGroupEgress: action(RULES, changeRules),
  RevokeSecurityGroupIngress: action(RULES, changeRules),
  RevokeSecurityGroupEgress: action(RULES, changeRules),
};


function changeRules(call: Call): Promise<Relayed> {
  const id = call.input.text('GroupId');
  if (id !== undefined) { checkKnown(call, id); }
  return relay(call);
}

function checkKnown(call: Call, id: string): void {
  if (!isKnown(call.world, id)) { throw new ApiError('InvalidGroup.NotFound', `The security group '${id}' does not exist`); }
}

async function idOf(call: Call, name: string): Promise<string> {
  const answer = await ask(call, { 'Action': 'DescribeSecurityGroups', 'Filter.1.Name': 'group-name', 'Filter.1.Value.1': name });
  const [group] = itemsAt(answer, 'securityGroupInfo');
  if (!group) { throw new ApiError('InvalidGroup.NotFound', `The security group '${name}' does not exist`); }
  return textAt(group, 'groupId');
}

function withoutFresh(call: Call, answer: Relayed): Relayed {
  const { root } = answer;
  const keep = (item: XmlElement) => isKnown(call.world, textAt(item, 'groupId'));
  return answer.with({
    ...root,
    children: root.children.map((list) => (
      list.name === 'securityGroupInfo' ? { ...list, children: list.children.filter(keep) } : list
    )),
  });
}
