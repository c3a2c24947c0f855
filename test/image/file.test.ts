import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { declareImage, faultCodes, faultsOf, instructionsOf } from './declaration';
import { FileSource } from '../../lib/image/file-source';
import type { FileProps } from '../../lib/image/provisioners/file-props';
import { Provisioner } from '../../lib/image/provisioners/provisioner';

const folder = mkdtempSync(join(tmpdir(), 'golden-file-'));
const here = (name: string) => FileSource.asset(`${folder}/${name}`);

beforeAll(() => {
  ['site/css', 'site/img'].forEach((name) => mkdirSync(join(folder, name), { recursive: true }));
  writeFileSync(join(folder, 'site/index.html'), 'hello');
  symlinkSync('index.html', join(folder, 'site/default.html'));
  symlinkSync('../index.html', join(folder, 'site/css/up.html'));
  writeFileSync(join(folder, 'app.conf'), 'x = 1\n');
  symlinkSync('app.conf', join(folder, 'link.conf'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const put = (props: Omit<FileProps, 'destination'> & { destination?: string }) => instructionsOf(Provisioner.file({ destination: '/etc/x', ...props }))[0];

// What Packer does with the same source and destination, except that folders which are not there are made.
test.each([
  ['app.conf', '/etc/app', '/etc/app'],
  ['app.conf', '/etc/', '/etc/app.conf'],
  ['app.conf', '/', '/app.conf'],
  ['app.conf', '//etc//app//', '/etc/app/app.conf'],
  ['site', '/srv', '/srv/site'],
  ['site', '/srv/', '/srv/site'],
  ['site/', '/srv', '/srv'],
  ['site/', '/srv/', '/srv'],
  ['site/', '/', '/'],
  ['site/img', '/srv', '/srv/img'],
])('%s to %s ends at %s', (source, destination, end) => {
  expect(put({ source: here(source), destination })).toMatchObject({ type: 'put', destination: end });
});

test('a text ends at its destination', () => {
  expect(put({ source: FileSource.inline('hello'), destination: '/etc/motd' })).toEqual({
    type: 'put', content: { text: 'hello' }, destination: '/etc/motd', owner: 'root', group: 'root', mode: undefined, directoryMode: '0755', origin: 'File',
  });
});

test('owner, group and modes are taken over; owners may be numbers', () => {
  expect(put({ source: here('app.conf'), owner: 'www-data', group: '33', mode: '0640', directoryMode: '0750' }))
    .toMatchObject({ owner: 'www-data', group: '33', mode: '0640', directoryMode: '0750' });
});

test('a file and a folder are named by their digest, not by their place', () => {
  expect(put({ source: here('app.conf') })).toMatchObject({ content: { kind: 'file', asset: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  expect(put({ source: here('site') })).toMatchObject({ content: { kind: 'directory' } });
});

test('a link to a file stands for the file, under the name of the link', () => {
  expect(put({ source: here('link.conf'), destination: '/etc/' })).toMatchObject({ destination: '/etc/link.conf', content: { kind: 'file' } });
});

describe('faults', () => {
  test.each<[string, Partial<FileProps>, string]>([
    ['a relative destination', { destination: 'etc/x' }, 'relative-destination'],
    ['an empty destination', { destination: '' }, 'relative-destination'],
    ['a destination that climbs', { destination: '/etc/../root/x' }, 'climbing-destination'],
    ['a text without a name to go by', { source: FileSource.inline('x'), destination: '/etc/' }, 'no-file-name'],
    ['a mode that is not octal', { mode: '0999' }, 'invalid-mode'],
    ['a mode without its leading zero', { mode: '644' }, 'invalid-mode'],
    ['a mode of folders that is not octal', { directoryMode: 'rwx' }, 'invalid-mode'],
    ['an owner that is no name', { owner: 'www data' }, 'invalid-user'],
    ['a group that would be an option', { group: '-R' }, 'invalid-group'],
    ['a file that is not there', { source: here('absent') }, 'missing-file'],
    ['a file that is given as a folder', { source: here('app.conf/') }, 'unreadable-file'],
  ])('%s', (_, props, code) => {
    expect(faultCodes(Provisioner.file({ source: FileSource.inline('x'), destination: '/etc/x', ...props }))).toEqual([code]);
  });

  test.each([['by climbing', '../../etc/passwd'], ['by an absolute path', '/etc/passwd']])('a link that leads out of its folder %s', (_, target) => {
    mkdirSync(join(folder, 'leaky/below'), { recursive: true });
    symlinkSync(target, join(folder, 'leaky/below/link'));
    try {
      const [fault] = faultsOf(declareImage({ provisioners: [Provisioner.file({ source: here('leaky'), destination: '/srv' })] }));
      expect(fault).toMatchObject({ code: 'symlink-leads-out', path: 'Stack/Image/File' });
      expect(fault.message).toContain(`below/link leads out of the folder, to ${target}`);
    } finally {
      rmSync(join(folder, 'leaky'), { recursive: true });
    }
  });

  test('of a source and of its destination are told together', () => {
    expect(faultCodes(Provisioner.file({ source: here('absent'), destination: 'etc/x', mode: '0999' }))).toEqual(['invalid-mode', 'missing-file', 'relative-destination']);
  });

  test('something that is neither a file nor a folder', () => {
    expect(faultCodes(Provisioner.file({ source: FileSource.asset('/dev/null'), destination: '/x' }))).toEqual(['unreadable-file']);
  });
});

test('an executable file stays one', () => {
  const digest = () => (put({ source: here('app.conf') }) as { content: { asset: string } }).content.asset;
  const before = digest();
  chmodSync(join(folder, 'app.conf'), 0o755);
  expect(digest()).not.toBe(before);
});
