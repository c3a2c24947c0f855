import { readFileSync } from 'fs';
import { join } from 'path';
import { missingPackages, requireTools, SANDBOX_PACKAGES } from '../../../lib/hosts/sandbox/tools';

test('what the quick start installs is what the sandbox host uses', () => {
  const setup = readFileSync(join(__dirname, '..', '..', 'support', 'setup.sh'), 'utf8');
  const installed = /^SANDBOX_PACKAGES="(.*)"$/m.exec(setup)![1].split(' ');
  // Essential on Debian and Ubuntu: there is no system without.
  expect([...installed, 'perl-base'].sort()).toEqual(SANDBOX_PACKAGES);
});

test('a tool that is not there is named with its package, once', () => {
  const { PATH } = process.env;
  process.env.PATH = '/nowhere';
  try {
    expect(missingPackages(['mformat', 'mcopy', 'qemu-img', 'mkfs.none']).filter(Boolean)).toEqual(['mtools', 'qemu-utils']);
    expect(() => requireTools(['mformat', 'mcopy'])).toThrow(expect.objectContaining({
      code: 'missing-tool', message: 'mformat, mcopy are not installed', hint: 'Install what is missing: apt-get install mtools',
    }));
  } finally {
    process.env.PATH = PATH;
  }
});
