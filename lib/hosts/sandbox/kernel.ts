import { readdir, stat } from 'fs/promises';
import { join } from 'path';
import { GoldenError } from '../../errors';

/** Paths inside the image. */
export interface Kernel {
  readonly kernel: string;
  readonly initrd: string;
}

/** The links that Debian's and Ubuntu's kernel packages keep up to date. */
export const KERNEL_LINKS: readonly Kernel[] = [
  { kernel: '/vmlinuz', initrd: '/initrd.img' },
  { kernel: '/boot/vmlinuz', initrd: '/boot/initrd.img' },
];

/** The newest kernel that has an initrd. Without one the root file system could not be found by its label. */
export async function newestKernel(rootFolder: string): Promise<Kernel> {
  const kernels = (await readdir(join(rootFolder, 'boot')).catch(() => []))
    .filter((name) => name.startsWith('vmlinuz-'))
    .map((name) => name.slice('vmlinuz-'.length))
    .sort((a, b) => -a.localeCompare(b, 'en', { numeric: true }));
  if (kernels.length === 0) {
    throw new GoldenError('no-kernel', 'The image has no kernel, so a disk made of it could not boot', {
      kind: 'invalid',
      hint: 'Install a kernel package in the image (linux-image-cloud-amd64 on Debian, linux-image-virtual on Ubuntu), or ask for the root tar only.',
    });
  }
  for (const version of kernels) {
    const initrd = `/boot/initrd.img-${version}`;
    if (await stat(join(rootFolder, initrd)).then((s) => s.size > 0, () => false)) { return { kernel: `/boot/vmlinuz-${version}`, initrd }; }
  }
  throw new GoldenError('no-initrd', `The image has a kernel (${kernels[0]}) and no initrd for it, so a disk made of it could not find its root`, {
    kind: 'invalid',
    hint: 'Install initramfs-tools in the image, and run: update-initramfs -c -k all',
  });
}
