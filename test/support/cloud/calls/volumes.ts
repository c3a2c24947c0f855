import { ApiError } from '../protocol/api-error';
import type { Volume } from '../records';
import { filters, page } from '../selection';
import { tagSet } from '../tagging';
import { action, visible } from '../world';
import { findVolume, required } from './lookup';

export const VOLUME_CALLS = {
  DescribeVolumes: action('VolumeId Filter MaxResults NextToken', (call) => {
    const { input, region, world, account } = call;
    const ids = input.texts('VolumeId');
    const passes = filters<Volume>(input, {
      'volume-id': ({ id }) => [id],
      'status': ({ state }) => [state],
      'size': ({ size }) => [size],
      'volume-type': ({ volumeType }) => [volumeType],
      'encrypted': ({ encrypted }) => [encrypted],
      'snapshot-id': ({ snapshotId }) => [snapshotId],
      'availability-zone': ({ zone }) => [zone],
      'attachment.instance-id': ({ attachment }) => [attachment?.instance.id],
      'attachment.device': ({ attachment }) => [attachment?.device],
      'attachment.delete-on-termination': ({ attachment }) => [attachment?.deleteOnTermination],
    });
    const found = ids.length > 0
      ? ids.map((id) => findVolume(call, id))
      : [...region.volumes.values()].filter((volume) => visible(world, volume) && volume.owner === account);
    const { items, nextToken } = page(found.filter(passes), input, { min: 5, max: 1000 }, 'VolumeId');
    return {
      volumeSet: items.map(({ id, attachment, ...volume }) => ({
        volumeId: id,
        size: volume.size,
        snapshotId: volume.snapshotId ?? '',
        availabilityZone: volume.zone,
        status: volume.state,
        createTime: new Date(volume.createdAt),
        volumeType: volume.volumeType,
        iops: volume.iops,
        throughput: volume.throughput,
        encrypted: volume.encrypted,
        kmsKeyId: volume.kmsKeyId,
        tagSet: tagSet(volume.tags),
        multiAttachEnabled: false,
        attachmentSet: attachment ? [{
          volumeId: id,
          instanceId: attachment.instance.id,
          device: attachment.device,
          status: 'attached',
          attachTime: new Date(attachment.at),
          deleteOnTermination: attachment.deleteOnTermination,
        }] : [],
      })),
      nextToken,
    };
  }),

  DeleteVolume: action('VolumeId', (call) => {
    const volume = findVolume(call, required(call, 'VolumeId'));
    if (volume.attachment) { throw new ApiError('VolumeInUse', `Volume ${volume.id} is currently attached to ${volume.attachment.instance.id}`); }
    volume.state = 'deleted';
    call.region.volumes.delete(volume.id);
    return { return: true };
  }),
};
