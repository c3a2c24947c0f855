import { ApiError } from '../protocol/api-error';
import { itemsAt, textAt } from '../protocol/xml';
import type { Tags } from '../records';
import { filters } from '../selection';
import { checkCount, tagsOf } from '../tagging';
import { action, visible, type Call } from '../world';
import { findImage, findInstance, findSnapshot, findVolume, requiredList } from './lookup';
import { ask, isKnown } from './surroundings';

/** Types of our resources by the prefix of their IDs; all others are moto's. */
const OURS: { readonly [prefix: string]: string } = {
  i: 'instance', vol: 'volume', snap: 'snapshot', ami: 'image', key: 'key-pair', eni: 'network-interface',
};

interface TagEntry {
  readonly tags: Tags;
  readonly resourceId: string;
  readonly resourceType: string;
  readonly key: string;
  readonly value: string;
}

export const TAG_CALLS = {
  CreateTags: action('ResourceId Tag', async (call) => {
    const tags = tagsOf(call.input.groups('Tag'));
    const targets = await targetsOf(call);
    for (const target of targets.ours) { checkCount(new Map([...target, ...tags])); }
    for (const target of targets.ours) { for (const [key, value] of tags) { target.set(key, value); } }
    if (targets.theirs.length > 0) { await ask(call, { Action: 'CreateTags', ...numbered('ResourceId', targets.theirs), ...tagParameters(tags) }); }
    return { return: true };
  }),

  DeleteTags: action('ResourceId Tag', async (call) => {
    const wanted = call.input.groups('Tag').map((tag) => ({ key: tag.text('Key') ?? '', value: tag.text('Value') }));
    const targets = await targetsOf(call);
    for (const target of targets.ours) {
      if (wanted.length === 0) { target.clear(); }
      for (const { key, value } of wanted) { if (value === undefined || target.get(key) === value) { target.delete(key); } }
    }
    if (targets.theirs.length > 0) {
      const parameters = Object.fromEntries(wanted.flatMap(({ key, value }, index) => [
        [`Tag.${index + 1}.Key`, key], ...(value === undefined ? [] : [[`Tag.${index + 1}.Value`, value]]),
      ]));
      await ask(call, { Action: 'DeleteTags', ...numbered('ResourceId', targets.theirs), ...parameters });
    }
    return { return: true };
  }),

  DescribeTags: action('Filter MaxResults NextToken', async (call) => {
    const ours = allOurs(call).flatMap(({ id, type, tags }) => [...tags].map(([key, value]) => ({ resourceId: id, resourceType: type, key, value })));
    const theirs = itemsAt(await ask(call, { Action: 'DescribeTags' }), 'tagSet').map((item) => ({
      resourceId: textAt(item, 'resourceId'), resourceType: textAt(item, 'resourceType'), key: textAt(item, 'key'), value: textAt(item, 'value'),
    }));
    const passes = filters<TagEntry>(call.input, {
      'resource-id': (one) => [one.resourceId], 'resource-type': (one) => [one.resourceType], 'key': (one) => [one.key], 'value': (one) => [one.value],
    });
    return { tagSet: [...ours, ...theirs].filter((one) => passes({ ...one, tags: new Map([[one.key, one.value]]) })) };
  }),
};

async function targetsOf(call: Call): Promise<{ readonly ours: Tags[]; readonly theirs: string[] }> {
  const ours: Tags[] = [];
  const theirs: string[] = [];
  for (const id of requiredList(call, 'ResourceId')) {
    if (Object.hasOwn(OURS, id.split('-')[0])) { ours.push(find(call, id)); } else { theirs.push(id); }
  }
  for (const id of theirs) { await checkTheirs(call, id); }
  return { ours, theirs };
}

function find(call: Call, id: string): Tags {
  const { region, account, world } = call;
  switch (id.split('-')[0]) {
    case 'i': return findInstance(call, id).tags;
    case 'vol': return findVolume(call, id).tags;
    case 'snap': return findSnapshot(call, id).tags;
    case 'ami': return findImage(call, id).tags;
    case 'key': {
      const pair = visible(world, region.keyPairs.get(id));
      if (pair?.owner !== account) { throw new ApiError('InvalidKeyPair.NotFound', `The keyPair ID '${id}' does not exist`); }
      return pair.tags;
    }
    default: {
      const instance = [...region.instances.values()].find(({ interfaceId, state }) => interfaceId === id && state !== 'terminated');
      if (!instance) { throw new ApiError('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${id}' does not exist`); }
      return instance.interfaceTags;
    }
  }
}

/** Moto takes tags for what it does not have. */
async function checkTheirs(call: Call, id: string): Promise<void> {
  if (!isKnown(call.world, id)) { throw new ApiError('InvalidGroup.NotFound', `The security group '${id}' does not exist`); }
  const describe: { readonly [prefix: string]: { readonly [name: string]: string } } = {
    sg: { 'Action': 'DescribeSecurityGroups', 'GroupId.1': id },
    subnet: { 'Action': 'DescribeSubnets', 'SubnetId.1': id },
    vpc: { 'Action': 'DescribeVpcs', 'VpcId.1': id },
    igw: { 'Action': 'DescribeInternetGateways', 'InternetGatewayId.1': id },
    rtb: { 'Action': 'DescribeRouteTables', 'RouteTableId.1': id },
    lt: { 'Action': 'DescribeLaunchTemplates', 'LaunchTemplateId.1': id },
  };
  const prefix = id.split('-')[0];
  if (!Object.hasOwn(describe, prefix)) { throw new ApiError('InvalidID', `The ID '${id}' is not valid`); }
  await ask(call, describe[prefix]);
}

function allOurs({ region, account, world }: Call): { readonly id: string; readonly type: string; readonly tags: Tags }[] {
  const lists = [
    ...[...region.instances.values()].map((one) => ({ one, type: 'instance' })),
    ...[...region.volumes.values()].map((one) => ({ one, type: 'volume' })),
    ...[...region.snapshots.values()].map((one) => ({ one, type: 'snapshot' })), ...[...region.images.values()].map((one) => ({ one, type: 'image' })),
    ...[...region.keyPairs.values()].map((one) => ({ one, type: 'key-pair' })),
  ];
  return lists.filter(({ one }) => one.owner === account && visible(world, one)).map(({ one, type }) => ({ id: one.id, type, tags: one.tags }));
}

function numbered(name: string, values: readonly string[]): { [name: string]: string } {
  return Object.fromEntries(values.map((value, index) => [`${name}.${index + 1}`, value]));
}

function tagParameters(tags: Tags): { [name: string]: string } {
  return Object.fromEntries([...tags].flatMap(([key, value], index) => [[`Tag.${index + 1}.Key`, key], [`Tag.${index + 1}.Value`, value]]));
}
