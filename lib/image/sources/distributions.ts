import { LocalSource, MirrorDistribution } from './local-source';
import type { Architecture } from '../../plan/model';

/** What every local counterpart has, as a cloud image of the distribution does; its kernel comes on top. */
const CLOUD_IMAGE_PACKAGES = [
  'ca-certificates', 'curl', 'dbus', 'iproute2', 'libpam-systemd', 'netbase', 'openssh-server', 'procps', 'sudo', 'systemd-sysv', 'udev',
];

interface UbuntuRelease {
  readonly version: string;
  readonly suite: string;
  /** Kind of volume in the name of Canonical's parameter. */
  readonly volume: string;
  /** Since 23.04 systemd-resolved is a package of its own. */
  readonly resolvedPackage: boolean;
}

/** Releases of Ubuntu that are known by name. */
export const UBUNTU_RELEASES: readonly UbuntuRelease[] = [
  { version: '22.04', suite: 'jammy', volume: 'ebs-gp2', resolvedPackage: false },
  { version: '24.04', suite: 'noble', volume: 'ebs-gp3', resolvedPackage: true },
];

/** Releases of Debian that are known by name. */
export const DEBIAN_RELEASES: readonly { readonly version: string; readonly suite: string }[] = [
  { version: '12', suite: 'bookworm' },
];

/** The account that publishes Debian's images. */
export const DEBIAN_OWNER = '136693071363';

/** What Debian and Canonical call an architecture. */
export function debianArchitecture(architecture: Architecture): string {
  return architecture === 'arm64' ? 'arm64' : 'amd64';
}

/** Name of the public parameter that holds the newest image of Canonical (099720109477). */
export function ubuntuParameter(release: UbuntuRelease, architecture: Architecture): string {
  return `/aws/service/canonical/ubuntu/server/${release.version}/stable/current/${debianArchitecture(architecture)}/hvm/${release.volume}/ami-id`;
}

/** Name of the public parameter that holds the newest Amazon Linux 2023. */
export function amazonLinux2023Parameter(architecture: Architecture): string {
  return `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${architecture}`;
}

/** A system like the cloud image of a Debian release. */
export function debianMirrors(suite: string, architecture: Architecture): LocalSource {
  return LocalSource.mirror({
    distribution: MirrorDistribution.DEBIAN,
    suite,
    mirrors: [
      { url: 'http://deb.debian.org/debian' },
      { url: 'http://deb.debian.org/debian', suite: `${suite}-updates` },
      { url: 'http://deb.debian.org/debian-security', suite: `${suite}-security` },
    ],
    packages: [...CLOUD_IMAGE_PACKAGES, `linux-image-cloud-${debianArchitecture(architecture)}`, 'systemd-resolved'].sort(),
  });
}

/** A system like the cloud image of an Ubuntu release. */
export function ubuntuMirrors(release: UbuntuRelease, architecture: Architecture): LocalSource {
  const url = architecture === 'arm64' ? 'http://ports.ubuntu.com/ubuntu-ports' : 'http://archive.ubuntu.com/ubuntu';
  const { suite } = release;
  return LocalSource.mirror({
    distribution: MirrorDistribution.UBUNTU,
    suite,
    mirrors: [suite, `${suite}-updates`, `${suite}-security`].map((name) => ({ url, suite: name, components: ['main', 'universe'] })),
    packages: [...CLOUD_IMAGE_PACKAGES, 'linux-image-virtual', ...(release.resolvedPackage ? ['systemd-resolved'] : [])].sort(),
  });
}
