import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { changesSince } from '../../lib/engine/changes';
import { historyOf, readHistory, writeHistory } from '../../lib/engine/history';
import type { Instruction } from '../../lib/plan/instructions';
import { buildKeys } from '../../lib/plan/keys';
import type { Definition } from '../../lib/plan/model';
import { sampleDefinition, samplePlan } from '../support/sample-plan';

const resolved = { source: 's', parameters: { release: '1' }, secrets: { token: 'f1' } };
const pause = (seconds: number): Instruction => ({ type: 'pause', seconds, origin: `P${seconds}` });
const base: Definition = { ...sampleDefinition, instructions: [pause(1), pause(2), pause(3)] };

function changes(definition: Partial<Definition>, inputs: Partial<typeof resolved> = {}): string[] {
  const history = (d: Definition, r: typeof resolved) => historyOf(samplePlan(d), buildKeys(d, r), r, 'built');
  const now = { ...base, ...definition };
  return changesSince(history(base, resolved), history(now, { ...resolved, ...inputs }), samplePlan(now));
}

test.each<[string, Partial<Definition>, Partial<typeof resolved>, string[]]>([
  ['nothing', {}, {}, []],
  ['a construct path', { instructions: [{ ...pause(1), origin: 'Renamed' }, pause(2), pause(3)] }, {}, []],
  ['the source', {}, { source: 't' }, ['the source resolves to another one']],
  ['an instruction', { instructions: [pause(1), pause(9), pause(3)] }, {}, ['instruction 2 (pause, P9) is another one']],
  ['two instructions', { instructions: [pause(1), pause(9), pause(8)] }, {}, ['instruction 2 (pause, P9) is another one, and 1 after it']],
  ['an instruction at the end', { instructions: [...base.instructions, pause(4)] }, {}, ['instruction 4 (pause, P4) was added']],
  ['fewer instructions', { instructions: [pause(1)] }, {}, ['instructions were removed from number 2 on']],
  ['a parameter', {}, { parameters: { release: '2' } }, ['the parameter release has another value']],
  ['a secret', {}, { secrets: { token: 'f2' } }, ['the secret token has another value']],
  ['the checks', { checks: [] }, {}, ['the checks are others']],
  ['the machine', { machine: { ...base.machine, rootVolumeSizeMiB: 9000 } }, {}, ['the machine is another one']],
])('a change of %s is told', (_, definition, inputs, expected) => {
  expect(changes(definition, inputs)).toEqual(expected);
});

describe('the history of an image', () => {
  const state = mkdtempSync(join(tmpdir(), 'golden-history-'));
  afterAll(() => rmSync(state, { recursive: true }));
  const history = historyOf(samplePlan(base), buildKeys(base, resolved), resolved, 'built');

  test('is read as it was written, and has no value of a parameter', async () => {
    await writeHistory(state, history);
    expect(await readHistory(state, 'Stack/Web')).toEqual(history);
    expect(await readHistory(state, 'Stack/Other')).toBeUndefined();
    expect(history.parameters.release).toMatch(/^[0-9a-f]{64}$/);
  });

  test('that is not readable is none', async () => {
    const [name] = readdirSync(join(state, 'history'));
    writeFileSync(join(state, 'history', name), readFileSync(join(state, 'history', name), 'utf8').slice(0, 20));
    expect(await readHistory(state, 'Stack/Web')).toBeUndefined();
  });
});
