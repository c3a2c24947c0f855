import type { BuildRequest } from '../../lib/engine/build-request';
import { failureHint } from '../../lib/engine/failure-hint';
import { runOf } from '../support/bundle-machine';

const URL = 'https://example.com/tool.tar.gz';
const download = runOf('curl', { arguments: [URL, 'a'.repeat(64)], attempts: 3 });
const on = (kind: string) => ({ host: { kind }, stateFolder: '/home/ada/.cache/golden' }) as unknown as BuildRequest;
const hint = (kind: string, said: string, instruction: Parameters<typeof failureHint>[1] = download, exitCode = 1) => (
  failureHint(on(kind), instruction, { exitCode, lastLines: said === '' ? [] : said.split('\n') })
);

describe('a machine that cannot reach what an instruction asks for', () => {
  test.each([
    'curl: (6) Could not resolve host: example.com',
    'curl: (7) Failed to connect to example.com port 443 after 3 ms: Couldn\'t connect to server',
    'curl: (28) Connection timed out after 30001 milliseconds',
    'wget: unable to resolve host address \'example.com\'',
    'E: Failed to fetch http://deb.debian.org/x  Temporary failure resolving \'deb.debian.org\'\nE: Some index files failed to download.',
  ])('is told with the URL, how often it was tried, and where to look: %s', (said) => {
    expect(hint('sandbox', said)).toBe(`The machine does not reach ${URL}, which was tried 3 times: look at the network of this computer, its resolver (/etc/resolv.conf) and its proxy; or bring the file along with Provisioner.file().`);
    expect(hint('ec2', said)).toBe(`The machine does not reach ${URL}, which was tried 3 times: look at the route of its subnet (an internet gateway and a public address, a NAT gateway, or an endpoint), its security group, its resolver and its proxy; or bring the file along with Provisioner.file().`);
  });

  test('is told where wget says nothing', () => {
    expect(hint('ec2', '', download, 4)).toContain(`does not reach ${URL}`);
    expect(hint('ec2', '', runOf('exit 4'), 4)).toBeUndefined();
  });

  test('is told where nobody knows what it asked', () => {
    expect(hint('sandbox', 'connect: Network is unreachable', runOf('ping'))).toBe('The machine does not reach what it asks: look at the network of this computer, its resolver (/etc/resolv.conf) and its proxy.');
  });
});

test.each([
  'curl: (60) SSL certificate problem: certificate is not yet valid',
  'curl: (60) SSL certificate problem: certificate has expired',
  'E: Release file for http://deb.debian.org/debian/dists/bookworm/InRelease is not valid yet (invalid for another 3h 2min). Updates for this repository will not be applied.',
])('what is of another time is told with the clock: %s', (said) => {
  expect(hint('sandbox', said)).toMatch(/^The clock of this computer, which is that of its machines, says 20\S+Z: where that is wrong, set it \(timedatectl set-ntp true\); else https:\S+ is out of date\.$/);
  expect(hint('ec2', said)).toMatch(/^Look at the clock of the machine \(timedatectl\): where that is wrong, /);
});

test('a full disk is told with what it is, and the property to raise', () => {
  const full = 'dd: error writing \'/var/big\': No space left on device';
  expect(hint('ec2', full)).toBe('The disk of the machine is full: give the image a larger rootVolumeSize.');
  expect(hint('sandbox', full)).toBe('The disk of the machine is that of /home/ada/.cache/golden: free some space there, or set GOLDEN_HOME to a folder on a larger disk. Where it went on under QEMU, it is as large as the image: give that a larger rootVolumeSize.');
});

test('what fails of itself has no such hint', () => {
  expect(hint('ec2', 'make: *** No rule to make target')).toBeUndefined();
  expect(hint('sandbox', 'https://example.com/tool.tar.gz has the SHA-256 b, not a')).toBeUndefined();
});
