import { execFileSync } from 'child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { assetDigest, assetEntries, entryPath, fileDigest, readAssetDigest } from '../../lib/plan/asset';

let scratch: string;

beforeEach(() => { scratch = mkdtempSync(join(tmpdir(), 'asset-')); });
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** A folder with a file of each kind. */
function site(name: string, umask = 0o022): string {
  const root = join(scratch, name);
  const previous = process.umask(umask);
  try {
    mkdirSync(join(root, 'css'), { recursive: true });
    mkdirSync(join(root, 'empty'));
    writeFileSync(join(root, 'index.html'), '<h1>Hello</h1>\n');
    writeFileSync(join(root, 'css', 'site.css'), 'h1 { color: red }\n');
    writeFileSync(join(root, 'deploy.sh'), '#!/bin/sh\n');
    chmodSync(join(root, 'deploy.sh'), 0o755);
    symlinkSync('index.html', join(root, 'home.html'));
  } finally {
    process.umask(previous);
  }
  return root;
}

/** Computed once, by another program; it names assets in every cloud assembly, so it may not move. See keys.test.ts. */
test('the same folder has the same digest in every version of the library', () => {
  expect(assetDigest(site('site'))).toBe('82d97cc769fa907341f1755fd2385126ad7d6fe37fca4b6c644f2cffc62879c1');
});

test('a file has the same digest in every version of the library', () => {
  expect(assetDigest(join(site('site'), 'index.html'))).toBe('620bdceb268b87074d646f6ca5932aea9058202a16f4d7c169268af34b64b6f2');
});

test('entries are files, folders and links, sorted by path, parents first', () => {
  const root = site('site');
  expect(assetEntries(root).map(({ path, type, executable }) => `${path} ${type}${executable ? ' executable' : ''}`)).toEqual([
    ' directory', 'css directory', 'css/site.css file', 'deploy.sh file executable', 'empty directory', 'home.html symlink', 'index.html file',
  ]);
});

describe('what does not change a digest', () => {
  test.each<[string, (root: string) => void]>([
    ['times', (root) => utimesSync(join(root, 'index.html'), 1, 1)],
    ['who may read or write', (root) => { chmodSync(join(root, 'index.html'), 0o600); chmodSync(join(root, 'css'), 0o777); }],
    ['who else may execute', (root) => chmodSync(join(root, 'deploy.sh'), 0o700)],
    ['the name of the folder itself', () => { /* it has another one in this test */ }],
  ])('%s', (_, change) => {
    const root = site('other');
    change(root);
    expect(assetDigest(root)).toBe(assetDigest(site('site')));
  });

  test('the umask under which it was made', () => {
    expect(assetDigest(site('strict', 0o077))).toBe(assetDigest(site('lax', 0o000)));
  });

  test('the order in which a file system lists it', () => {
    const names = ['b', 'a', 'Z', 'ä', '10', '9'];
    const [one, other] = ['one', 'other'].map((name) => join(scratch, name));
    for (const [root, list] of [[one, names], [other, [...names].reverse()]] as const) {
      mkdirSync(root);
      list.forEach((name) => writeFileSync(join(root, name), name));
    }
    expect(assetDigest(other)).toBe(assetDigest(one));
  });

  (process.getuid?.() === 0 ? test : test.skip)('the owner', () => {
    const root = site('owned');
    execFileSync('chown', ['-hR', '65534:65534', root]);
    expect(assetDigest(root)).toBe(assetDigest(site('site')));
  });
});

describe('what changes a digest', () => {
  test.each<[string, (root: string) => void]>([
    ['one byte', (root) => writeFileSync(join(root, 'index.html'), '<h1>hello</h1>\n')],
    ['a line ending', (root) => writeFileSync(join(root, 'index.html'), '<h1>Hello</h1>\r\n')],
    ['the executable bit of the owner', (root) => chmodSync(join(root, 'deploy.sh'), 0o644)],
    ['another empty folder', (root) => mkdirSync(join(root, 'another'))],
    ['an empty folder that is gone', (root) => rmSync(join(root, 'empty'), { recursive: true })],
    ['an empty file in place of an empty folder', (root) => { rmSync(join(root, 'empty'), { recursive: true }); writeFileSync(join(root, 'empty'), ''); }],
    ['the target of a link', (root) => { rmSync(join(root, 'home.html')); symlinkSync('./index.html', join(root, 'home.html')); }],
    ['a copy in place of a link', (root) => { rmSync(join(root, 'home.html')); writeFileSync(join(root, 'home.html'), '<h1>Hello</h1>\n'); }],
    ['another name', (root) => { rmSync(join(root, 'index.html')); writeFileSync(join(root, 'index.htm'), '<h1>Hello</h1>\n'); }],
  ])('%s', (_, change) => {
    const root = site('other');
    change(root);
    expect(assetDigest(root)).not.toBe(assetDigest(site('site')));
  });
});

test('a link that leads nowhere or in a circle is a link', () => {
  const root = join(scratch, 'links');
  mkdirSync(root);
  symlinkSync('/nowhere', join(root, 'dangling'));
  symlinkSync('.', join(root, 'circle'));
  expect(assetEntries(root).map(({ path, target }) => [path, target])).toEqual([['', undefined], ['circle', '.'], ['dangling', '/nowhere']]);
  expect(assetDigest(root)).toMatch(/^[0-9a-f]{64}$/);
});

test('names that are no UTF-8 are told apart, and read by their bytes', () => {
  // GIVEN two names that both decode to U+FFFD
  const [one, other] = [Buffer.from([0xff]), Buffer.from([0xfe])];
  const make = (root: string, name: Buffer) => {
    mkdirSync(root);
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), 'content');
    return assetDigest(root);
  };

  // THEN
  expect(make(join(scratch, 'one'), one)).not.toBe(make(join(scratch, 'other'), other));
  const [, entry] = assetEntries(join(scratch, 'one'));
  expect(entry).toMatchObject({ path: '\xff', size: 7 });
  expect(fileDigest(entryPath(join(scratch, 'one'), entry.path))).toMatch(/^[0-9a-f]{64}$/);
  expect(readdirSync(join(scratch, 'one'), { encoding: 'buffer' })[0]).toEqual(one);
});

test('what is neither file, folder nor link is refused by name', () => {
  execFileSync('mkfifo', [join(scratch, 'pipe')]);
  expect(() => assetDigest(scratch)).toThrow(`${scratch}/pipe is neither a file, a folder nor a symbolic link`);
});

test('a large file is read piece by piece', () => {
  const file = join(scratch, 'large');
  writeFileSync(file, Buffer.alloc((1 << 20) + 1, 'x'));
  expect(fileDigest(file)).toBe(execFileSync('sha256sum', [file]).toString().slice(0, 64));
});

test('whoever has other things to do gets the same digest, of small files and large', async () => {
  const root = site('site');
  writeFileSync(join(root, 'large'), Buffer.alloc(3_000_000, 'some bytes'));
  expect(await readAssetDigest(root)).toBe(assetDigest(root));
  expect(await readAssetDigest(join(root, 'large'))).toBe(assetDigest(join(root, 'large')));
  // AND may call it off
  const read = readAssetDigest(root, AbortSignal.abort());
  await expect(read).rejects.toMatchObject({ name: 'AbortError' });
  // AND is not kept from them: a folder of thousands of files is no reason to stand still
  const many = join(scratch, 'many');
  mkdirSync(many);
  for (let i = 0; i < 1000; i++) { writeFileSync(join(many, String(i)), Buffer.alloc(4096, String(i))); }
  let turns = 0;
  const timer = setInterval(() => { turns++; }, 1);
  const digest = await readAssetDigest(many);
  clearInterval(timer);
  expect(digest).toBe(assetDigest(many));
  expect(turns).toBeGreaterThan(1);
});
