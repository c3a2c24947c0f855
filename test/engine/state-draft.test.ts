import { spawnSync } from 'child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { removeDeadDrafts, stateDraft } from '../../lib/engine/state-draft';
import { bundleProgram } from '../support/bundled-program';

const work = mkdtempSync(join(tmpdir(), 'state-draft-'));
const program = join(work, 'state-draft.js');
beforeAll(() => bundleProgram(join(__dirname, '..', '..', 'lib', 'engine', 'state-draft.ts'), program));
afterAll(() => rmSync(work, { recursive: true }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(work, 'home-'));
  ['history', 'code/build'].forEach((name) => mkdirSync(join(folder, name), { recursive: true }));
});

/** The draft of a process that has ended since. */
function draftOfAnother(file: string): string {
  const script = `console.log(require(${JSON.stringify(program)}).stateDraft(${JSON.stringify(join(folder, file))}))`;
  const path = spawnSync(process.execPath, ['-e', script]).stdout.toString().trim();
  writeFileSync(path, 'half');
  return path;
}

test('what a process that was killed has not finished goes, and is told', async () => {
  const drafts = ['salt', 'history/0123.json', 'code/build/engine.js-1.code'].map(draftOfAnother);
  writeFileSync(join(folder, 'salt'), 'whole');
  const removed = await removeDeadDrafts(folder, Date.now());
  expect(removed).toHaveLength(3);
  expect(removed).toContainEqual(expect.stringMatching(/^unfinished file history\/0123\.json\.draft-\d+-\d+-[0-9a-f]{8}-[0-9a-f]{8}$/));
  expect(drafts.map((path) => existsSync(path))).toEqual([false, false, false]);
  expect(readdirSync(folder).sort()).toEqual(['code', 'history', 'salt']);
});

test('what is being written stays, however long it takes', async () => {
  const draft = stateDraft(join(folder, 'history', '0123.json'));
  writeFileSync(draft, 'half');
  expect(await removeDeadDrafts(folder, Date.now() + 86_400_000)).toEqual([]);
  expect(existsSync(draft)).toBe(true);
});

test('what a process writes that cannot be seen from here, as that of a container, goes after an hour', async () => {
  const draft = `${join(folder, 'salt')}.draft-1-2-01234567-89abcdef`;
  writeFileSync(draft, 'half');
  const written = Date.parse('2026-01-01T00:00:00Z');
  utimesSync(draft, written / 1000, written / 1000);
  expect(await removeDeadDrafts(folder, written + 3_500_000)).toEqual([]);
  expect(await removeDeadDrafts(folder, written + 3_700_000)).toEqual([expect.stringContaining('salt.draft-1-2-01234567-89abcdef')]);
});

test('where there is no such folder there is nothing to remove', async () => {
  expect(await removeDeadDrafts(join(folder, 'nowhere'), Date.now())).toEqual([]);
});
