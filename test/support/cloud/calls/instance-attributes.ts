import { ApiError } from '../protocol/api-error';
import type { Xml } from '../protocol/xml';
import { action, type Call } from '../world';
import { findInstance, required } from './lookup';
import { findGroups } from './surroundings';

export const INSTANCE_ATTRIBUTE_CALLS = {
  ModifyInstanceAttribute: action(
    'InstanceId Attribute Value InstanceInitiatedShutdownBehavior DisableApiTermination EbsOptimized EnaSupport SriovNetSupport InstanceType UserData '
    + 'BlockDeviceMapping GroupId',
    modify,
  ),

  DescribeInstanceAttribute: action('InstanceId Attribute', (call) => {
    const instance = findInstance(call, required(call, 'InstanceId'));
    const values: { readonly [attribute: string]: Xml } = {
      userData: { value: instance.userData },
      instanceInitiatedShutdownBehavior: { value: instance.shutdownBehavior },
      disableApiTermination: { value: instance.protected },
      instanceType: { value: instance.instanceType },
      ebsOptimized: { value: instance.ebsOptimized },
      enaSupport: { value: instance.enaSupport },
      rootDeviceName: { value: instance.rootDeviceName },
      sriovNetSupport: { value: 'simple' },
      groupSet: instance.groups.map(({ id, name }) => ({ groupId: id, groupName: name })),
      blockDeviceMapping: instance.volumes.map(({ id, attachment }) => ({
        deviceName: attachment!.device, ebs: { volumeId: id, status: 'attached', deleteOnTermination: attachment!.deleteOnTermination },
      })),
    };
    const attribute = required(call, 'Attribute');
    if (!Object.hasOwn(values, attribute)) {
      throw new ApiError('InvalidParameterValue', `Value (${attribute}) for parameter attribute is invalid. Unknown attribute.`);
    }
    return { instanceId: instance.id, [attribute]: values[attribute] };
  }),

  ModifyInstanceMetadataOptions: action('InstanceId HttpTokens HttpPutResponseHopLimit HttpEndpoint InstanceMetadataTags', (call) => {
    const { metadata, id } = findInstance(call, required(call, 'InstanceId'));
    const { input } = call;
    metadata.httpTokens = input.text('HttpTokens') ?? metadata.httpTokens;
    metadata.hopLimit = input.number('HttpPutResponseHopLimit') ?? metadata.hopLimit;
    metadata.httpEndpoint = input.text('HttpEndpoint') ?? metadata.httpEndpoint;
    metadata.instanceTags = input.text('InstanceMetadataTags') ?? metadata.instanceTags;
    return {
      instanceId: id,
      instanceMetadataOptions: {
        state: 'pending',
        httpTokens: metadata.httpTokens,
        httpPutResponseHopLimit: metadata.hopLimit,
        httpEndpoint: metadata.httpEndpoint,
        instanceMetadataTags: metadata.instanceTags,
      },
    };
  }),
};

async function modify(call: Call): Promise<{ readonly return: boolean }> {
  const instance = findInstance(call, required(call, 'InstanceId'));
  const { input } = call;
  // One attribute for each call, either by its own parameter or by its name.
  const named = input.text('Attribute');
  const value = (name: string) => {
    const parameter = `${name[0].toUpperCase()}${name.slice(1)}`;
    return input.text(`${parameter}.Value`) ?? (named === name ? input.text('Value') : undefined);
  };
  const behavior = value('instanceInitiatedShutdownBehavior');
  if (behavior !== undefined) {
    if (behavior !== 'stop' && behavior !== 'terminate') { throw new ApiError('InvalidParameterValue', `Invalid value '${behavior}' for instanceInitiatedShutdownBehavior`); }
    instance.shutdownBehavior = behavior;
  }
  const isProtected = value('disableApiTermination');
  if (isProtected !== undefined) { instance.protected = isProtected === 'true'; }
  const needsStop = ['instanceType', 'enaSupport', 'sriovNetSupport', 'userData', 'ebsOptimized'].filter((name) => value(name) !== undefined);
  if (needsStop.length > 0 && instance.state !== 'stopped') {
    throw new ApiError('IncorrectInstanceState', `The instance '${instance.id}' is not in the 'stopped' state.`);
  }
  instance.instanceType = value('instanceType') ?? instance.instanceType;
  instance.enaSupport = (value('enaSupport') ?? String(instance.enaSupport)) === 'true';
  instance.ebsOptimized = (value('ebsOptimized') ?? String(instance.ebsOptimized)) === 'true';
  instance.userData = value('userData') ?? instance.userData;
  for (const group of input.groups('BlockDeviceMapping')) {
    const volume = instance.volumes.find(({ attachment }) => attachment?.device === group.text('DeviceName'));
    if (!volume?.attachment) { throw new ApiError('InvalidInstanceAttributeValue', `No device is currently mapped at ${group.text('DeviceName')}`); }
    volume.attachment.deleteOnTermination = group.flag('Ebs.DeleteOnTermination') ?? volume.attachment.deleteOnTermination;
  }
  const groupIds = input.texts('GroupId');
  if (groupIds.length > 0) { instance.groups = await findGroups(call, groupIds, [], instance.vpcId); }
  return { return: true };
}
