import {
  DescribeImageAttributeCommand, DescribeSnapshotAttributeCommand, ModifyImageAttributeCommand, ModifySnapshotAttributeCommand, type Image,
  type LaunchPermission,
} from '@aws-sdk/client-ec2';
import type { Cloud } from './cloud';
import { NOT_YET } from './not-yet';
import { snapshotsOf } from './own-images';
import { refuseBlocked } from './sharing-guard';
import type { SharingSpec } from '../../plan/delivery';

/** How many permissions one call changes. */
const SNAPSHOT_CHUNK = 500;

/** One kind of permission: what a call changes of one kind is changed in one act. */
interface Kind {
  readonly name: string;
  readonly wanted: (sharing: SharingSpec) => readonly string[];
  readonly value: (permission: LaunchPermission) => string | undefined;
  readonly permission: (value: string) => LaunchPermission;
}

const KINDS: readonly Kind[] = [
  { name: 'the account', wanted: ({ accounts }) => accounts, value: ({ UserId }) => UserId, permission: (UserId) => ({ UserId }) },
  {
    name: 'the organisation',
    wanted: ({ organizations }) => organizations,
    value: ({ OrganizationArn }) => OrganizationArn,
    permission: (OrganizationArn) => ({ OrganizationArn }),
  },
  {
    name: 'the organisational unit',
    wanted: ({ organizationalUnits }) => organizationalUnits,
    value: ({ OrganizationalUnitArn }) => OrganizationalUnitArn,
    permission: (OrganizationalUnitArn) => ({ OrganizationalUnitArn }),
  },
  { name: 'everybody', wanted: (sharing) => (sharing.public ? ['all'] : []), value: ({ Group }) => Group, permission: () => ({ Group: 'all' }) },
];

/** What is wanted and not there, and what is there and not wanted. */
export interface Difference {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

function difference(wanted: readonly string[], actual: readonly string[]): Difference {
  return { add: wanted.filter((value) => !actual.includes(value)), remove: actual.filter((value) => !wanted.includes(value)) };
}

/**
 * Lets those launch an image whom the plan names, and nobody else. Returns a line for each change. Errors: `public-access-blocked`.
 * @param shared whether it may be shared already
 */
export async function shareImage(
  cloud: Cloud, region: string, image: Image, sharing: SharingSpec, signal: AbortSignal, { shared = true } = {},
): Promise<readonly string[]> {
  const imageId = image.ImageId!;
  const lines: string[] = [];
  const { LaunchPermissions = [] } = !shared ? {} : await cloud.clients.ec2(region).send(
    new DescribeImageAttributeCommand({ ImageId: imageId, Attribute: 'launchPermission' }), { signal, notYet: NOT_YET },
  );
  for (const kind of KINDS) {
    const { add, remove } = difference(kind.wanted(sharing), LaunchPermissions.flatMap((permission) => kind.value(permission) ?? []));
    if (add.length === 0 && remove.length === 0) { continue; }
    if (kind.name === 'everybody' && add.length > 0) { await refuseBlocked(cloud, region, imageId, signal); }
    await cloud.clients.ec2(region).send(new ModifyImageAttributeCommand({
      ImageId: imageId,
      LaunchPermission: {
        ...add.length > 0 && { Add: add.map(kind.permission) },
        ...remove.length > 0 && { Remove: remove.map(kind.permission) },
      },
    }), { signal, notYet: NOT_YET });
    lines.push(...linesOf(`${imageId} in ${region}`, kind.name, { add, remove }));
  }
  return [...lines, ...await shareSnapshots(cloud, region, image, sharing, signal, { shared })];
}

async function shareSnapshots(
  cloud: Cloud, region: string, image: Image, sharing: SharingSpec, signal: AbortSignal, { shared }: { readonly shared: boolean },
): Promise<readonly string[]> {
  const wanted = sharing.snapshots ? sharing.accounts : [];
  const lines = await Promise.all(snapshotsOf(image).map(async (snapshotId) => {
    const { CreateVolumePermissions = [] } = !shared ? {} : await cloud.clients.ec2(region).send(
      new DescribeSnapshotAttributeCommand({ SnapshotId: snapshotId, Attribute: 'createVolumePermission' }), { signal, notYet: NOT_YET },
    );
    const { add, remove } = difference(wanted, CreateVolumePermissions.flatMap(({ UserId }) => UserId ?? []));
    for (const [operation, accounts] of [['add', add], ['remove', remove]] as const) {
      for (let first = 0; first < accounts.length; first += SNAPSHOT_CHUNK) {
        await cloud.clients.ec2(region).send(new ModifySnapshotAttributeCommand({
          SnapshotId: snapshotId, Attribute: 'createVolumePermission', OperationType: operation, UserIds: accounts.slice(first, first + SNAPSHOT_CHUNK),
        }), { signal, notYet: NOT_YET });
      }
    }
    return linesOf(`${snapshotId} in ${region}`, 'the account', { add, remove });
  }));
  return lines.flat();
}

function linesOf(what: string, kind: string, { add, remove }: Difference): readonly string[] {
  const whom = (value: string) => (kind === 'everybody' ? kind : `${kind} ${value}`);
  return [...add.map((value) => `shared ${what} with ${whom(value)}`), ...remove.map((value) => `no longer shared ${what} with ${whom(value)}`)];
}
