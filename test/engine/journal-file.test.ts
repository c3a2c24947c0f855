import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { JournalFile, readJournal } from '../../lib/engine/journal-file';

const state = mkdtempSync(join(tmpdir(), 'golden-journal-'));
afterAll(() => rmSync(state, { recursive: true }));
const clock = { now: () => Date.UTC(2024, 0, 1), sleep: async () => undefined };
const file = (buildId: string) => join(state, 'builds', buildId, 'journal.jsonl');

test('records are lines, numbered and dated, and readable by their owner only', async () => {
  const journal = new JournalFile(state, 'one', clock);
  await journal.append({ type: 'started' });
  await journal.append({ type: 'intent', act: 'launch', detail: { id: 'm1' } });
  expect(readFileSync(file('one'), 'utf8')).toBe(
    '{"sequence":1,"time":"2024-01-01T00:00:00.000Z","type":"started"}\n'
    + '{"sequence":2,"time":"2024-01-01T00:00:00.000Z","type":"intent","act":"launch","detail":{"id":"m1"}}\n',
  );
  expect(statSync(file('one')).mode & 0o777).toBe(0o600);
  await journal.close();
});

test('records that come together keep their order', async () => {
  const journal = new JournalFile(state, 'many', clock);
  await Promise.all(Array.from({ length: 100 }, (_, i) => journal.append({ type: 'event', act: String(i) })));
  const records = await journal.read();
  expect(records.map(({ sequence, act }) => [sequence, act])).toEqual(Array.from({ length: 100 }, (_, i) => [i + 1, String(i)]));
  await journal.close();
});

test('a last line that was not written whole does not count', async () => {
  const journal = new JournalFile(state, 'torn', clock);
  await journal.append({ type: 'started' });
  await journal.close();
  appendFileSync(file('torn'), '{"sequence":2,"time":"2024-01-');
  expect((await readJournal(state, 'torn')).map(({ sequence }) => sequence)).toEqual([1]);
});

test('a journal that was never begun is empty, and leaves no file', async () => {
  const journal = new JournalFile(state, 'none', clock);
  expect(await journal.read()).toEqual([]);
  await journal.close();
  expect(() => statSync(file('none'))).toThrow('ENOENT');
});
