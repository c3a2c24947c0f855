import { existsSync } from 'fs';
import { mkdir, readdir, readFile, stat } from 'fs/promises';
import { join } from 'path';
import { makeSmallRoot, type SmallRoot } from './small-root';
import { writeRootTar } from '../../../lib/hosts/sandbox/root-tar';
import { output } from '../../../lib/process';

describe('a root tar', () => {
  let small: SmallRoot;
  let tar: string;
  beforeAll(async () => {
    small = await makeSmallRoot();
    tar = join(small.work, 'root.tar');
    await writeRootTar(small.root, tar);
  });
  afterAll(() => small.remove());

  test('unpacks to the same owners, capabilities, times, links and names', async () => {
    const copy = join(small.work, 'copy');
    await mkdir(copy);
    await output(['tar', '--extract', '--file', tar, '--directory', copy, '--numeric-owner', '--xattrs', '--xattrs-include=*']);
    expect(await stat(join(copy, 'srv/owned'))).toMatchObject({ uid: 1234, gid: 5678, mtimeMs: 1_700_000_000_000 });
    expect(await output(['getcap', join(copy, 'usr/bin/listen')])).toContain('cap_net_bind_service=ep');
    expect((await stat(join(copy, 'srv/one'))).ino).toBe((await stat(join(copy, 'srv/other'))).ino);
    expect(await readFile(join(copy, 'link'), 'utf8')).toBe('program');
    expect(await readFile(join(copy, 'srv/new\nline "and" more'), 'utf8')).toBe('odd');
    expect((await stat(join(copy, 'srv/holes'))).size).toBe(5 * 2 ** 30 + 3);
  });

  test('keeps holes as holes', async () => {
    expect((await stat(tar)).size).toBeLessThan(1 << 20);
  });

  test('has the folders that a boot fills, and nothing in them', async () => {
    const names = (await output(['tar', '--list', '--file', tar])).split('\n');
    expect(names).toEqual(expect.arrayContaining(['./tmp/', './proc/', './sys/', './dev/', './run/']));
    expect(names).not.toContain('./tmp/left');
  });

  test('has the same bytes when it is written again', async () => {
    await writeRootTar(small.root, `${tar}.again`);
    expect((await readFile(`${tar}.again`)).equals(await readFile(tar))).toBe(true);
  });

  test('leaves nothing behind where it cannot be written whole', async () => {
    const folder = join(small.work, 'none');
    await mkdir(folder);
    await expect(writeRootTar(join(small.work, 'no-such-root'), join(folder, 'root.tar'))).rejects.toMatchObject({ code: 'command-failed' });
    await expect(writeRootTar(small.root, join(folder, 'root.tar'), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'interrupted' });
    expect(await readdir(folder)).toEqual([]);
    expect(existsSync(small.root)).toBe(true);
  });
});
