import { existsSync } from 'fs';
import { delimiter, join } from 'path';
import { GoldenError } from '../../errors';
import { debianPackageOf, withSystemFolders } from '../../process';

/** Programs that put disks together and boot them. */
export const DISK_TOOLS: readonly string[] = ['tar', 'mke2fs', 'sgdisk', 'mformat', 'mmd', 'mcopy', 'grub-mkimage', 'qemu-img', 'qemu-system-x86_64', 'setpriv'];

/** Those of them that put disks together. */
export const WRITING_TOOLS: readonly string[] = DISK_TOOLS.filter((tool) => tool !== 'qemu-system-x86_64');

/** Programs without which root has no machines. */
export const ROOT_TOOLS: readonly string[] = ['systemd-nspawn', 'slirp4netns', 'ip', 'nsenter', 'setpriv', 'perl'];

/** Programs without which an ordinary user has no machines, or none that boots. */
export const USER_TOOLS: readonly string[] = ['unshare', 'nsenter', 'newuidmap', 'newgidmap', ...DISK_TOOLS];

/** What makes bases of package mirrors. */
export const BASE_TOOLS: readonly string[] = ['mmdebstrap'];

/** What is no program, and is needed all the same: GRUB's own files, and the keys of web servers. */
const FILES: readonly { readonly path: string; readonly debianPackage: string }[] = [
  { path: '/usr/lib/grub/i386-pc', debianPackage: 'grub-pc-bin' },
  { path: '/usr/lib/grub/x86_64-efi', debianPackage: 'grub-efi-amd64-bin' },
  { path: '/etc/ssl/certs/ca-certificates.crt', debianPackage: 'ca-certificates' },
];

/** Every package that the sandbox host uses, on Debian and Ubuntu. */
export const SANDBOX_PACKAGES: readonly string[] = [...new Set([
  ...[...BASE_TOOLS, ...ROOT_TOOLS, ...USER_TOOLS, ...DISK_TOOLS, 'zstd'].map((tool) => debianPackageOf(tool)!),
  ...FILES.map(({ debianPackage }) => debianPackage),
])].sort();

/** The packages of those tools and files that are not there. */
export function missingPackages(tools: readonly string[]): readonly string[] {
  const files = tools.includes('grub-mkimage') ? FILES.filter(({ path }) => !existsSync(path)) : [];
  return [...new Set([...missingTools(tools).map((tool) => debianPackageOf(tool)!), ...files.map(({ debianPackage }) => debianPackage)])].sort();
}

/**
 * Makes sure that programs are installed, before they are needed where nobody hears them complain, and before a build has taken its
 * time. Errors: `missing-tool`, one for all that are missing.
 */
export function requireTools(tools: readonly string[]): void {
  const missing = [...new Set(missingTools(tools))];
  if (missing.length === 0) { return; }
  throw new GoldenError('missing-tool', `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed`, {
    hint: `Install what is missing: apt-get install ${missingPackages(tools).join(' ')}`,
  });
}

function missingTools(tools: readonly string[]): readonly string[] {
  const folders = withSystemFolders({ PATH: '', ...process.env }).PATH!.split(delimiter).filter(Boolean);
  return tools.filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))));
}
