import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { markUsed, removeUnused } from '../../../lib/hosts/sandbox/disk-use';
import { SandboxFolder } from '../../../lib/hosts/sandbox/sandbox-folder';

const state = mkdtempSync(join(tmpdir(), 'golden-disk-use-'));
const folder = new SandboxFolder(state);
const NOW = Date.parse('2026-03-31T00:00:00Z');
afterAll(() => rmSync(state, { recursive: true }));
beforeEach(() => rmSync(folder.path, { recursive: true, force: true }));

function disk(path: string, lastUse: string, lowers?: readonly string[]): void {
  mkdirSync(join(folder.path, path), { recursive: true });
  const file = join(folder.path, path, path.startsWith('layers/') ? 'layer.json' : 'base.json');
  writeFileSync(file, JSON.stringify({ lowers }));
  utimesSync(file, new Date(lastUse), new Date(lastUse));
}
const exists = (path: string) => existsSync(join(folder.path, path));

test('what was not used for 30 days is removed, layers and bases', async () => {
  disk('bases/old', '2026-01-01');
  disk('layers/old', '2026-02-28', ['bases/old/root']);
  disk('bases/new', '2026-03-30');

  expect(await removeUnused(folder, NOW)).toEqual(['layers/old: not used for 30 days', 'bases/old: not used for 30 days']);
  expect([exists('layers/old'), exists('bases/old'), exists('bases/new')]).toEqual([false, false, true]);
});

test('what a layer in use lies on is kept, however old', async () => {
  disk('bases/b', '2026-01-01');
  disk('layers/below', '2026-01-01', ['bases/b/root']);
  disk('layers/top', '2026-03-30', ['layers/below/disk', 'bases/b/root']);

  expect(await removeUnused(folder, NOW)).toEqual([]);
});

test('starting a machine counts as a use of all that it lies on', async () => {
  disk('bases/b', '2026-01-01');
  disk('layers/l', '2026-01-01', ['bases/b/root']);

  await markUsed(folder, ['layers/l/disk', 'bases/b/root'], new Date(NOW));

  expect(await removeUnused(folder, NOW)).toEqual([]);
});

test('drafts are for who collects what was abandoned', async () => {
  mkdirSync(join(folder.path, 'layers', '.draft-1-2-3'), { recursive: true });

  expect(await removeUnused(folder, NOW)).toEqual([]);
});
