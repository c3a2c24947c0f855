import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { systemClock } from '../../lib/cli/wiring';
import { BuildLog, logFolder, logPath } from '../../lib/engine/build-log';
import type { BuildEvent } from '../../lib/ports/events';

let state: string;
beforeEach(() => { state = mkdtempSync(join(tmpdir(), 'golden-logs-')); });
afterEach(() => rmSync(state, { recursive: true }));

const begin = (id = 'b1') => new BuildLog(state, id, 'Web', systemClock);
const events = (id = 'b1') => readFileSync(logPath(state, id), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as BuildEvent & { readonly image: string; readonly time: string });
const output = (text: string, stream: 'stdout' | 'stderr' = 'stdout'): BuildEvent => ({ type: 'instruction.output', index: 0, stream, text });
const finished: BuildEvent = { type: 'instruction.finished', index: 0, origin: 'One', exitCode: 0, seconds: 1, ok: true };
const written = (id?: string) => events(id).flatMap((event) => (event.type === 'instruction.output' ? [event.text] : [])).join('');

test('keeps each event when it happens, with its time and image, for nobody else', () => {
  const log = begin();
  log.add({ type: 'instruction.started', index: 0, origin: 'One', attempt: 1 });
  expect(events()).toEqual([{ time: expect.stringMatching(/^\d{4}-.*Z$/), image: 'Web', type: 'instruction.started', index: 0, origin: 'One', attempt: 1 }]);
  expect([statSync(logFolder(state)).mode & 0o777, statSync(logPath(state, 'b1')).mode & 0o777]).toEqual([0o700, 0o600]);
});

test('of 200 MB of output it keeps the beginning and the end, and says how much is missing', () => {
  const log = begin();
  const piece = `${'x'.repeat(999)}\n`;
  log.add(output('first\n'));
  for (let i = 0; i < 200_000; i++) { log.add(output(piece, i % 2 ? 'stderr' : 'stdout')); }
  log.add(output('last words\n', 'stderr'));
  log.add(finished);
  expect(statSync(logPath(state, 'b1')).size).toBeLessThan(2 << 20);
  expect(written().startsWith('first\nxxx')).toBe(true);
  expect(written().endsWith('xxx\nlast words\n')).toBe(true);
  const [notice] = events().filter(({ type }) => type === 'notice');
  expect(notice).toMatchObject({ message: `Instruction 1 wrote more than a log holds: ${200_000_017 - written().length} characters are left out here` });
});

test('a build that had nothing to do leaves none', () => {
  const log = begin();
  log.add({ type: 'build.finished', status: 'unchanged', definitionHash: 'd', seconds: 0 });
  expect(readdirSync(logFolder(state))).toEqual([]);
});

test('a fault of ours leaves no stack trace in it', () => {
  begin().add({ type: 'build.finished', status: 'failed', definitionHash: 'd', seconds: 0, error: { code: 'internal', kind: 'internal', message: 'Error: oh\n    at x.ts:1' } });
  expect(events()).toMatchObject([{ error: { message: 'Error: oh' } }]);
});

test('where it cannot be written, the build goes on without it', () => {
  writeFileSync(logFolder(state), 'a file in its place');
  expect(() => begin().add(finished)).not.toThrow();
});

test('the last 50 are kept', () => {
  for (let i = 0; i < 53; i++) { begin(`b${i}`).add(finished); }
  expect(readdirSync(logFolder(state))).toHaveLength(50);
  expect(existsSync(logPath(state, 'b52'))).toBe(true);
});
