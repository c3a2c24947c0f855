import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { Bundle } from '../../lib/engine/bundle/bundle';
import { archiveWithin, bundleArchive } from '../../lib/engine/bundle/bundle-archive';
import { putArchive } from '../../lib/engine/bundle/put-archive';
import { putOf } from '../support/bundle-machine';

const folder = mkdtempSync(join(tmpdir(), 'golden-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A bundle that puts a file of this size in place. */
function bundleWith(name: string, size: number): { readonly bundle: Bundle; readonly path: string } {
  const path = join(folder, name);
  writeFileSync(path, Buffer.alloc(size, 'some bytes that differ'));
  const file = putArchive('0.put', putOf('', `/srv/${name}`, { content: { asset: 'a'.repeat(64), kind: 'file' }, origin: 'App/File' }), path);
  const instruction = { index: 0, origin: 'App/File', call: ['put', '0.put'], files: [file], expectDisconnect: false };
  return { bundle: { payload: '/var/tmp/golden-b/0', state: '/run/golden-b/0', instructions: [instruction], sinceCheckpoint: 0 }, path };
}

async function whole(bundle: Bundle): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of bundleArchive(bundle, 0)) { pieces.push(piece as Buffer); }
  return Buffer.concat(pieces);
}

test.each([0, 1000, 65_536, 65_537, 1 << 20, 2_500_000])('an archive with a file of %i bytes is the same in one piece of memory, behind what comes before it', async (size) => {
  const { bundle } = bundleWith(`of-${size}`, size);
  const inMemory = await archiveWithin(4 << 20, bundle, Buffer.from('before'));
  expect(inMemory!.equals(Buffer.concat([Buffer.from('before'), await whole(bundle)]))).toBe(true);
});

test('an archive that is larger than it may be is not read', async () => {
  const { bundle } = bundleWith('too-large', 100_000);
  expect(await archiveWithin(100_000, bundle, Buffer.alloc(0))).toBeUndefined();
});

test('a file that is longer or shorter than it was is an error, and not part of an archive', async () => {
  const changed = { code: 'asset-changed', path: 'App/File' };
  const longer = bundleWith('longer', 2_000_000);
  appendFileSync(longer.path, 'more');
  await expect(archiveWithin(4 << 20, longer.bundle, Buffer.alloc(0))).rejects.toMatchObject(changed);
  await expect(whole(longer.bundle)).rejects.toMatchObject(changed);
  const shorter = bundleWith('shorter', 2_000_000);
  truncateSync(shorter.path, 1_999_999);
  await expect(archiveWithin(4 << 20, shorter.bundle, Buffer.alloc(0))).rejects.toMatchObject(changed);
});
