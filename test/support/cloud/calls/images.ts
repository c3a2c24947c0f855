import { ApiError } from '../protocol/api-error';
import type { Xml } from '../protocol/xml';
import { isPublic, mayUse, type Image, type LaunchPermission } from '../records';
import { filters, page, type FilterValues } from '../selection';
import { tagSet } from '../tagging';
import { action, visible, type Answer, type Call } from '../world';
import { mappingsXml } from './devices';
import { platformDetails } from './instance-xml';
import { findImage, findOwnImage, required } from './lookup';
import { dropSnapshot } from './snapshots';

const FILTERS: FilterValues<Image> = {
  'image-id': ({ id }) => [id],
  'name': ({ name }) => [name],
  'description': ({ description }) => [description],
  'state': ({ state }) => [state],
  'architecture': ({ architecture }) => [architecture],
  'root-device-type': ({ rootDeviceType }) => [rootDeviceType],
  'root-device-name': ({ rootDeviceName }) => [rootDeviceName],
  'virtualization-type': ({ virtualizationType }) => [virtualizationType],
  'hypervisor': ({ hypervisor }) => [hypervisor],
  'owner-id': ({ owner }) => [owner],
  'owner-alias': ({ ownerAlias }) => [ownerAlias],
  'is-public': (image) => [isPublic(image)],
  'ena-support': ({ enaSupport }) => [enaSupport],
  'creation-date': ({ creationDate }) => [creationDate],
  'boot-mode': ({ bootMode }) => [bootMode],
  'imds-support': ({ imdsSupport }) => [imdsSupport],
  'tpm-support': ({ tpmSupport }) => [tpmSupport],
  'image-type': () => ['machine'],
  'platform': ({ platform }) => [platform],
  'source-image-id': ({ sourceImageId }) => [sourceImageId],
  'source-image-region': ({ sourceImageRegion }) => [sourceImageRegion],
  'source-instance-id': ({ sourceInstanceId }) => [sourceInstanceId],
  'sriov-net-support': ({ sriovNetSupport }) => [sriovNetSupport],
  'image-allowed': () => [true],
  'usage-operation': () => ['RunInstances'],
  'block-device-mapping.snapshot-id': ({ mappings }) => mappings.map(({ ebs }) => ebs?.snapshotId),
  'block-device-mapping.device-name': ({ mappings }) => mappings.map(({ deviceName }) => deviceName),
  'block-device-mapping.volume-type': ({ mappings }) => mappings.map(({ ebs }) => ebs?.volumeType),
  'block-device-mapping.encrypted': ({ mappings }) => mappings.map(({ ebs }) => ebs?.encrypted),
};

/** For so long an image stays protected after its protection was taken away, where it was enabled so. */
const COOLDOWN_MS = 24 * 60 * 60_000;

export const IMAGE_CALLS = {
  DescribeImages: action('ImageId Owner ExecutableBy Filter IncludeDeprecated IncludeDisabled MaxResults NextToken', describeImages),

  DescribeImageAttribute: action('ImageId Attribute', (call) => {
    const image = findOwnImage(call, required(call, 'ImageId'));
    const values: { readonly [attribute: string]: readonly [element: string, value: Xml] } = {
      launchPermission: ['launchPermission', image.permissions.map((permission) => ({ ...permission }))],
      description: ['description', { value: image.description }],
      blockDeviceMapping: ['blockDeviceMapping', mappingsXml(image.mappings)],
      bootMode: ['bootMode', { value: image.bootMode }],
      tpmSupport: ['tpmSupport', { value: image.tpmSupport }],
      imdsSupport: ['imdsSupport', { value: image.imdsSupport }],
      sriovNetSupport: ['sriovNetSupport', { value: image.sriovNetSupport }],
      lastLaunchedTime: ['lastLaunchedTime', { value: undefined }],
      productCodes: ['productCodes', []],
      deregistrationProtection: ['deregistrationProtection', { value: image.protection }],
    };
    const attribute = required(call, 'Attribute');
    if (!Object.hasOwn(values, attribute)) { throw new ApiError('InvalidRequest', `The attribute ${attribute} is not supported.`); }
    const [element, value] = values[attribute];
    return { imageId: image.id, [element]: value };
  }),

  ModifyImageAttribute: action(
    'ImageId Attribute OperationType UserId UserGroup OrganizationArn OrganizationalUnitArn LaunchPermission Description ImdsSupport Value', modify,
  ),

  ResetImageAttribute: action('ImageId Attribute', (call) => {
    findOwnImage(call, required(call, 'ImageId')).permissions = [];
    return { return: true };
  }),

  EnableImageDeprecation: action('ImageId DeprecateAt', (call) => {
    const image = findOwnImage(call, required(call, 'ImageId'));
    const at = Date.parse(required(call, 'DeprecateAt'));
    if (!(at > call.world.clock.now())) { throw new ApiError('InvalidParameterValue', 'The deprecation date must be in the future.'); }
    if (at > call.world.clock.now() + 10 * 366 * 86_400_000) { throw new ApiError('InvalidParameterValue', 'The deprecation date is more than 10 years away.'); }
    // Rounded to the minute.
    image.deprecationTime = `${new Date(Math.round(at / 60_000) * 60_000).toISOString().slice(0, 19)}.000Z`;
    return { return: true };
  }),

  DisableImageDeprecation: action('ImageId', (call) => {
    findOwnImage(call, required(call, 'ImageId')).deprecationTime = undefined;
    return { return: true };
  }),

  EnableImageDeregistrationProtection: action('ImageId WithCooldown', (call) => {
    const image = findOwnImage(call, required(call, 'ImageId'));
    image.protection = call.input.flag('WithCooldown') ? 'enabled-with-cooldown' : 'enabled-without-cooldown';
    return { return: image.protection };
  }),

  DisableImageDeregistrationProtection: action('ImageId', (call) => {
    const image = findOwnImage(call, required(call, 'ImageId'));
    if (image.protection === 'enabled-with-cooldown') { image.cooldownUntil = call.world.clock.now() + COOLDOWN_MS; }
    image.protection = 'disabled';
    return { return: image.protection };
  }),

  DeregisterImage: action('ImageId DeleteAssociatedSnapshots', async (call) => {
    const image = findOwnImage(call, required(call, 'ImageId'));
    if (image.protection !== 'disabled') {
      throw new ApiError('OperationNotPermitted', `The AMI '${image.id}' is protected from deregistration. Disable its deregistration protection and try again.`);
    }
    if ((image.cooldownUntil ?? 0) > call.world.clock.now()) {
      throw new ApiError('OperationNotPermitted', `The AMI '${image.id}' is in its cooldown period and can't be deregistered yet.`);
    }
    image.state = 'deregistered';
    call.region.images.delete(image.id);
    if (call.input.flag('DeleteAssociatedSnapshots') !== true) { return { return: true }; }
    const results: Xml[] = [];
    for (const { ebs } of image.mappings) {
      const snapshot = ebs?.snapshotId ? call.region.snapshots.get(ebs.snapshotId) : undefined;
      if (!snapshot) { continue; }
      const isShared = [...call.region.images.values()].some(({ mappings }) => mappings.some((other) => other.ebs?.snapshotId === snapshot.id));
      if (!isShared) { await dropSnapshot(call.world, snapshot); }
      results.push({ snapshotId: snapshot.id, returnCode: isShared ? 'skipped' : 'success' });
    }
    return { return: true, deleteSnapshotResultSet: results };
  }),

  GetImageBlockPublicAccessState: action('', ({ world }) => (
    { imageBlockPublicAccessState: world.settings.blockPublicImages ? 'block-new-sharing' : 'unblocked', managedBy: 'account' }
  )),
};

function describeImages(call: Call): Answer {
  const { input, region, account, world } = call;
  const ids = input.texts('ImageId');
  const owners = input.texts('Owner');
  const users = input.texts('ExecutableBy').map((user) => user === 'self' ? account : user);
  const passes = filters(input, FILTERS);
  const now = world.clock.now();
  const isDeprecated = (image: Image) => image.deprecationTime !== undefined && Date.parse(image.deprecationTime) <= now;
  const found = ids.length > 0
    ? ids.map((id) => findImage(call, id))
    : [...region.images.values()].filter((image) => (
      visible(world, image) && mayUse(account, image)
      && (image.owner === account || input.flag('IncludeDeprecated') === true || !isDeprecated(image))
    ));
  const wanted = found.filter((image) => (
    passes(image)
    && (owners.length === 0 || owners.some((owner) => image.owner === (owner === 'self' ? account : owner) || image.ownerAlias === owner))
    && (users.length === 0 || users.some((user) => (
      user === 'all' ? isPublic(image) : image.permissions.some((permission) => 'userId' in permission && permission.userId === user)
    )))
  ));
  const { items, nextToken } = page(wanted, input, { min: 1, max: 1000 }, 'ImageId');
  return { imagesSet: items.map(imageXml), nextToken };
}

function imageXml(image: Image): Xml {
  return {
    imageId: image.id,
    imageLocation: `${image.owner}/${image.name}`,
    imageState: image.state,
    imageOwnerId: image.owner,
    isPublic: isPublic(image),
    creationDate: image.creationDate,
    architecture: image.architecture,
    imageType: 'machine',
    platform: image.platform,
    platformDetails: platformDetails(image.name),
    usageOperation: 'RunInstances',
    imageOwnerAlias: image.ownerAlias,
    name: image.name,
    description: image.description,
    rootDeviceType: image.rootDeviceType,
    rootDeviceName: image.rootDeviceName,
    blockDeviceMapping: mappingsXml(image.mappings),
    virtualizationType: image.virtualizationType,
    hypervisor: image.hypervisor,
    enaSupport: image.enaSupport || undefined,
    sriovNetSupport: image.sriovNetSupport,
    bootMode: image.bootMode,
    tpmSupport: image.tpmSupport,
    imdsSupport: image.imdsSupport,
    deprecationTime: image.deprecationTime,
    deregistrationProtection: image.protection,
    sourceInstanceId: image.sourceInstanceId,
    sourceImageId: image.sourceImageId,
    sourceImageRegion: image.sourceImageRegion,
    stateReason: image.stateReason,
    tagSet: tagSet(image.tags),
  };
}

function modify(call: Call): Answer {
  const image = findOwnImage(call, required(call, 'ImageId'));
  const { input } = call;
  const attribute = input.text('Attribute');
  const description = input.text('Description.Value') ?? (attribute === 'description' ? input.text('Value') : undefined);
  const imds = input.text('ImdsSupport.Value') ?? (attribute === 'imdsSupport' ? input.text('Value') : undefined);
  const { added, removed } = permissionsOf(call);
  const subjects = [description, imds, added.length + removed.length > 0 ? 'permissions' : undefined].filter((one) => one !== undefined);
  if (subjects.length === 0) { throw new ApiError('InvalidParameterCombination', 'No attributes specified.'); }
  if (subjects.length > 1) { throw new ApiError('InvalidParameterCombination', 'Fields for multiple attribute types specified'); }
  if (description !== undefined) { image.description = description; }
  if (imds !== undefined) {
    if (imds !== 'v2.0') { throw new ApiError('InvalidParameterValue', `Value (${imds}) for parameter imdsSupport is invalid.`); }
    image.imdsSupport = imds;
  }
  if (added.length > 0) { checkSharing(call, image, added); }
  const kept = image.permissions.filter((one) => !removed.some((other) => same(one, other)));
  image.permissions = [...kept, ...added.filter((one) => !kept.some((other) => same(one, other)))];
  return { return: true };
}

function checkSharing(call: Call, image: Image, added: readonly LaunchPermission[]): void {
  const snapshots = image.mappings.map(({ ebs }) => ebs?.snapshotId && call.region.snapshots.get(ebs.snapshotId)).filter((one) => typeof one === 'object');
  if (snapshots.some(({ encrypted, kmsKeyId }) => encrypted && (kmsKeyId === undefined || kmsKeyId.endsWith(':alias/aws/ebs')))) {
    throw new ApiError('InvalidParameter', `Snapshots of the image ${image.id} are encrypted with the AWS managed key and can't be shared`);
  }
  const isToAll = added.some((permission) => 'group' in permission);
  if (!isToAll) { return; }
  if (snapshots.some(({ encrypted }) => encrypted)) { throw new ApiError('InvalidParameter', 'Images with encrypted snapshots cannot be made public'); }
  if (call.world.settings.blockPublicImages) {
    throw new ApiError('OperationNotPermitted', 'You can\'t publicly share this image because block public access for AMIs is enabled for this account.');
  }
}

function same(a: LaunchPermission, b: LaunchPermission): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function permissionsOf({ input }: Call): { readonly added: LaunchPermission[]; readonly removed: LaunchPermission[] } {
  const listed = (group: 'Add' | 'Remove') => input.group('LaunchPermission').groups(group).map((one): LaunchPermission => {
    const [userId, name, organizationArn, organizationalUnitArn] = ['UserId', 'Group', 'OrganizationArn', 'OrganizationalUnitArn'].map((key) => one.text(key));
    return permissionFor(userId, name, organizationArn, organizationalUnitArn);
  });
  const direct = [
    ...input.texts('UserId').map((one) => permissionFor(one)), ...input.texts('UserGroup').map((one) => permissionFor(undefined, one)),
    ...input.texts('OrganizationArn').map((one) => permissionFor(undefined, undefined, one)),
    ...input.texts('OrganizationalUnitArn').map((one) => permissionFor(undefined, undefined, undefined, one)),
  ];
  const operation = input.text('OperationType');
  return {
    added: [...listed('Add'), ...(operation === 'add' ? direct : [])],
    removed: [...listed('Remove'), ...(operation === 'remove' ? direct : [])],
  };
}

function permissionFor(userId?: string, group?: string, organizationArn?: string, organizationalUnitArn?: string): LaunchPermission {
  if (userId !== undefined) {
    if (!/^\d{12}$/.test(userId)) { throw new ApiError('InvalidAMIAttributeItemValue', `Invalid attribute item value "${userId}" for userId item type.`); }
    return { userId };
  }
  if (group !== undefined) {
    if (group !== 'all') { throw new ApiError('InvalidAMIAttributeItemValue', `Invalid attribute item value "${group}" for group item type.`); }
    return { group };
  }
  if (organizationArn !== undefined) { return { organizationArn }; }
  if (organizationalUnitArn !== undefined) { return { organizationalUnitArn }; }
  throw new ApiError('InvalidParameterValue', 'A launch permission names nobody.');
}
