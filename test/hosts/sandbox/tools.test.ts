import { readFileSync } from 'fs';
import { join } from 'path';
import { missingPackages, requireTools, SANDBOX_PACKAGES } from '../../../lib/hosts/sandbox/tools';

test('what the quick start installs is what the sandbox host uses', () => {
  const setup = readFileSync(join(__dirname, '..', '..', 'support', 'setup.sh'), 'utf8');
  const installed = /^SANDBOX_PACKAGES="(.*)"$/m.exec(setup)![1].split(' ');
  // Essential on Debian and Ubuntu: there is no system without.
  expect([...installed, 'perl-base'].sort()).toEqual(SANDBOX_PACKAGES);
});

test('a tool that is not there is named with its package, once', async () => {
  const { PATH } = process.env;
  process.env.PATH = '/nowhere';
  try {
    expect(missingPackages(['mformat', 'mcopy', 'qemu-img', 'mkfs.none']).filter(Boolean)).toEqual(['mtools', 'qemu-utils']);
    await expect(requireTools(['mformat'])).rejects.toMatchObject({ code: 'missing-tool', hint: 'Install it: apt-get install mtools' });
  } finally {
    process.env.PATH = PATH;
  }
});
