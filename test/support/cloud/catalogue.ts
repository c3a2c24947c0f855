import { createHash } from 'crypto';
import { readFileSync } from 'fs';
import { join } from 'path';
import { gunzipSync } from 'zlib';
import type { CloudSystem } from './machines/machine-provider';
import type { Image, Snapshot } from './records';
import type { InstanceType } from './world';

const DEBIAN = '136693071363';
const CANONICAL = '099720109477';

/** As moto keeps them. */
interface MotoImage {
  readonly ami_id: string;
  readonly name: string;
  readonly description: string;
  readonly owner_id: string;
  readonly architecture: string;
  readonly platform?: string | null;
  readonly public: boolean;
  readonly root_device_name: string;
  readonly root_device_type: string;
  readonly virtualization_type: string;
  readonly hypervisor: string;
  readonly creation_date?: string;
}

interface MotoType {
  readonly ProcessorInfo: { readonly SupportedArchitectures: readonly string[] };
}

/** Public images of a region, with their snapshots, and the public parameters that name them. */
export interface Catalogue {
  images(region: string): readonly { readonly image: Image; readonly snapshot?: Snapshot }[];
  parameters(region: string): ReadonlyMap<string, string>;
  type(name: string): InstanceType | undefined;
}

const DEBIANS = ['20250316-2053', '20250814-2204', '20251112-2294'];
const NOBLES = ['20250821', '20251022', '20251119'];
const UBUNTU_PARAMETER = '/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id';
const DEBIAN_PARAMETER = '/aws/service/debian/release/12/latest/amd64';

/** What moto ships, and the newer systems that it lacks. `resources` is moto's folder of resources for EC2. */
export function openCatalogue(resources: string): Catalogue {
  const everywhere = read(join(resources, 'amis.json.gz'));
  const byRegion = new Map<string, MotoImage[]>();
  const of = (region: string): MotoImage[] => {
    const known = byRegion.get(region);
    if (known) { return known; }
    const latest = [join(resources, 'latest_amis'), join(resources, 'ecs/optimized_amis')].flatMap((folder) => read(join(folder, `${region}.json.gz`)));
    const images = [...everywhere, ...latest, ...ours(region)];
    byRegion.set(region, images);
    return images;
  };
  const types = readJson(join(resources, 'instance_types.json.gz')) as { readonly [name: string]: MotoType };
  return {
    type: (name) => Object.hasOwn(types, name) ? { architectures: types[name].ProcessorInfo.SupportedArchitectures } : undefined,
    images: (region) => of(region).map(publicImage),
    parameters: (region) => new Map([
      [UBUNTU_PARAMETER, imageId('ubuntu', NOBLES[NOBLES.length - 1], region)],
      [DEBIAN_PARAMETER, imageId('debian', DEBIANS[DEBIANS.length - 1], region)],
    ]),
  };
}

function readJson(file: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(file)).toString());
}

function read(file: string): MotoImage[] {
  try {
    return readJson(file) as MotoImage[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') { return []; }
    throw error;
  }
}

function ours(region: string): MotoImage[] {
  const common = { architecture: 'x86_64', public: true, root_device_type: 'ebs', virtualization_type: 'hvm', hypervisor: 'xen' };
  return [
    ...DEBIANS.map((release) => ({
      ...common,
      ami_id: imageId('debian', release, region),
      name: `debian-12-amd64-${release}`,
      owner_id: DEBIAN,
      description: `Debian 12 (${release})`,
      root_device_name: '/dev/xvda',
      creation_date: dateOf(release),
    })),
    ...NOBLES.map((release) => ({
      ...common,
      ami_id: imageId('ubuntu', release, region),
      name: `ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-${release}`,
      owner_id: CANONICAL,
      description: `Canonical, Ubuntu, 24.04, amd64 noble image (${release})`,
      root_device_name: '/dev/sda1',
      creation_date: dateOf(release),
    })),
  ];
}

function dateOf(release: string): string {
  return `${release.slice(0, 4)}-${release.slice(4, 6)}-${release.slice(6, 8)}T06:30:00.000Z`;
}

function imageId(system: string, release: string, region: string): string {
  return `ami-0${createHash('sha256').update(`${system} ${release} ${region}`).digest('hex').slice(0, 16)}`;
}

function publicImage(entry: MotoImage): { readonly image: Image; readonly snapshot?: Snapshot } {
  const snapshotId = `snap-0${createHash('sha256').update(entry.ami_id).digest('hex').slice(0, 16)}`;
  const creationDate = entry.creation_date ?? nameDate(entry.name);
  const createdAt = Date.parse(creationDate);
  const system = systemOf(entry.name);
  const isEbs = entry.root_device_type === 'ebs';
  const image: Image = {
    id: entry.ami_id,
    owner: entry.owner_id,
    createdAt,
    tags: new Map(),
    name: entry.name,
    description: entry.description,
    state: 'available',
    ownerAlias: 'amazon',
    creationDate,
    architecture: entry.architecture,
    platform: entry.platform ?? undefined,
    bootMode: entry.architecture === 'arm64' ? 'uefi' : system === 'debian-12' || system === 'ubuntu-24.04' ? 'uefi-preferred' : undefined,
    enaSupport: true,
    sriovNetSupport: 'simple',
    rootDeviceName: entry.root_device_name,
    rootDeviceType: entry.root_device_type,
    virtualizationType: entry.virtualization_type,
    hypervisor: entry.hypervisor,
    protection: 'disabled',
    system,
    loginUser: loginUserOf(system),
    hasAgent: system !== 'debian-12',
    imdsSupport: entry.name.startsWith('al2023') || system === 'ubuntu-24.04' ? 'v2.0' : undefined,
    permissions: entry.public ? [{ group: 'all' }] : [],
    mappings: isEbs && entry.root_device_name ? [{
      deviceName: entry.root_device_name, ebs: { snapshotId, size: 8, volumeType: entry.name.includes('gp3') || system === 'debian-12' ? 'gp3' : 'gp2', encrypted: false, deleteOnTermination: true },
    }] : [],
  };
  if (!isEbs) { return { image }; }
  return {
    image,
    snapshot: {
      id: snapshotId,
      owner: entry.owner_id,
      createdAt,
      tags: new Map(),
      state: 'completed',
      volumeId: 'vol-ffffffff',
      size: 8,
      description: `Created for ${entry.ami_id}`,
      encrypted: false,
      permissions: new Set(['all']),
      readyAt: createdAt,
    },
  };
}

/** Images without a date say one in their name. */
function nameDate(name: string): string {
  const found = /(20\d\d)\.?(0[1-9]|1[0-2])\.?([0-2]\d|3[01])/.exec(name);
  return found ? `${found[1]}-${found[2]}-${found[3]}T00:00:00.000Z` : '2017-10-13T00:00:00.000Z';
}

function systemOf(name: string): CloudSystem {
  if (name.startsWith('debian-12-')) { return 'debian-12'; }
  if (name.includes('ubuntu-noble-24.04')) { return 'ubuntu-24.04'; }
  return name.includes('ubuntu-xenial-16.04') ? 'ubuntu-16.04' : 'other';
}

function loginUserOf(system: CloudSystem): string {
  if (system === 'debian-12') { return 'admin'; }
  return system === 'other' ? 'ec2-user' : 'ubuntu';
}
