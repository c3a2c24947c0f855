import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { Readable } from 'stream';
import { pack } from 'tar-stream';
import { TAR_END, tarHeader, tarPadding } from '../../lib/engine/bundle/tar-header';
import { relativeInside, safeExtract } from '../../lib/engine/safe-extract';

const around = mkdtempSync(join(tmpdir(), 'golden-extract-'));
afterAll(() => rmSync(around, { recursive: true }));

function folder(): string {
  return mkdtempSync(join(around, 'f-'));
}

type Entry = Parameters<ReturnType<typeof pack>['entry']>[0] & { readonly content?: string };

function tarOf(...entries: Entry[]): Readable {
  const tar = pack();
  for (const { content = '', ...header } of entries) { tar.entry({ ...header, size: header.type === undefined ? content.length : 0 }, content); }
  tar.finalize();
  return Readable.from(tar as unknown as AsyncIterable<Buffer>);
}

test('files, folders, links and modes arrive', async () => {
  const to = folder();
  const leftOut = await safeExtract(tarOf(
    { name: 'ssh/', type: 'directory' }, { name: 'ssh/config', content: 'x', mode: 0o750 }, { name: 'ssh/link', type: 'symlink', linkname: 'config' },
    { name: 'ssh/hard', type: 'link', linkname: 'ssh/config' }, { name: 'ssh/empty/', type: 'directory' },
  ), to);
  expect(leftOut).toEqual([]);
  expect(readFileSync(join(to, 'ssh/config'), 'utf8')).toBe('x');
  expect(lstatSync(join(to, 'ssh/config')).mode & 0o777).toBe(0o750);
  expect(readlinkSync(join(to, 'ssh/link'))).toBe('config');
  expect(readFileSync(join(to, 'ssh/hard'), 'utf8')).toBe('x');
  expect(readdirSync(join(to, 'ssh/empty'))).toEqual([]);
});

test.each<[string, Entry[]]>([
  ['a path with ..', [{ name: '../escaped', content: 'x' }]],
  ['an absolute path', [{ name: '/../escaped', content: 'x' }]],
  ['a path with .. inside', [{ name: 'a/../../escaped', content: 'x' }]],
  ['a link out of the folder', [{ name: 'a', type: 'symlink', linkname: '../escaped' }]],
  ['an absolute link', [{ name: 'a', type: 'symlink', linkname: '/etc/passwd' }]],
  ['a hard link out of the folder', [{ name: 'a', type: 'link', linkname: '../escaped' }]],
  ['a device', [{ name: 'a', type: 'character-device' }]],
])('%s is left out, and said', async (_, entries) => {
  const to = folder();
  const leftOut = await safeExtract(tarOf(...entries), to);
  expect(leftOut).toHaveLength(1);
  expect(existsSync(join(around, 'escaped'))).toBe(false);
  expect(readdirSync(to)).toEqual([]);
});

test('nothing is written through a link, even to the inside', async () => {
  const to = folder();
  const leftOut = await safeExtract(tarOf(
    { name: 'real/', type: 'directory' }, { name: 'link', type: 'symlink', linkname: 'real' }, { name: 'link/file', content: 'x' },
    { name: 'real/file', content: 'first' }, { name: 'real/file', content: 'second' },
  ), to);
  expect(leftOut).toEqual(['link/file: a folder above it is a link', 'real/file: there is another one of this name']);
  expect(readFileSync(join(to, 'real/file'), 'utf8')).toBe('first');
});

test('names that are not UTF-8 stay what they are', async () => {
  const to = folder();
  const name = Buffer.from([0x63, 0xe9, 0xff]);
  await safeExtract(Readable.from([tarHeader({ name, type: 'file', mode: 0o644, size: 1 }), Buffer.from('x'), tarPadding(1), TAR_END]), to);
  expect(readdirSync(to, { encoding: 'buffer' })).toEqual([name]);
});

test('a tar that ends too early is an error', async () => {
  await expect(safeExtract(Readable.from([tarHeader({ name: Buffer.from('a'), type: 'file', mode: 0o644, size: 100 }), Buffer.from('x')]), folder()))
    .rejects.toThrow();
});

test('a destination outside of the output folder is refused', () => {
  expect(relativeInside('logs/./dpkg.log', 'Stack/Web/Log')).toBe('logs/dpkg.log');
  for (const path of ['../x', '/etc/x', 'a/../../x', '.', '']) {
    expect(() => relativeInside(path, 'Stack/Web/Log')).toThrow(expect.objectContaining({ code: 'invalid-destination', path: 'Stack/Web/Log' }));
  }
});
