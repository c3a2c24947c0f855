import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { planOf } from './sample-assembly';
import { checkOverrides, parseOverrides, valueSource } from '../../lib/cli/values';
import { sampleDefinition } from '../support/sample-plan';
import { TestSurroundings } from '../support/test-surroundings';

const folder = mkdtempSync(join(tmpdir(), 'values-'));
afterAll(() => rmSync(folder, { recursive: true }));

const world = new TestSurroundings(folder, { HERE: 'from the environment', OTHER: 'another', EMPTY: '' });
const none = parseOverrides([], []);

test('a value is read from the variable that the plan names, even an empty one', async () => {
  const values = valueSource(none, world);
  await expect(values.read('token', { type: 'environment', name: 'HERE' })).resolves.toBe('from the environment');
  await expect(values.read('token', { type: 'environment', name: 'EMPTY' })).resolves.toBe('');
});

test('a variable that is not set is named, with what to do', async () => {
  await expect(valueSource(none, world).read('token', { type: 'environment', name: 'GONE' })).rejects.toMatchObject({
    code: 'missing-value',
    message: 'token is read from the environment variable GONE, which is not set',
    hint: 'Set GONE. Give a secret with --secret token=env:VARIABLE or file:PATH, a parameter with --parameter token=VALUE.',
  });
});

test('what is kept in a cloud account is refused without one, with the way out', async () => {
  const values = valueSource(none, world);
  await expect(values.read('release', { type: 'ssm', name: '/release' })).rejects.toMatchObject({
    code: 'no-account', message: 'release is read from the SSM parameter /release, and this host reaches no cloud account',
  });
  await expect(values.read('token', { type: 'secretsManager', id: 'tokens' })).rejects.toMatchObject({
    code: 'no-account', message: 'token is read from the secret tokens of Secrets Manager, and this host reaches no cloud account',
  });
  const id = { type: 'stackOutput', stack: 'Data', output: 'Token' } as const;
  await expect(values.read('secret:1', { type: 'namedByOutput', service: 'secretsManager', id })).rejects.toMatchObject({
    code: 'no-account', message: 'secret:1 is read from what the output Token of the stack Data names, and this host reaches no cloud account',
  });
});

test('the command line says otherwise: a value, a variable, a file without its last newline', async () => {
  writeFileSync(join(folder, 'secret'), 'line one\nline two\n\n');
  const values = valueSource(parseOverrides(['release=a=b'], ['token=env:OTHER', 'key=file:secret']), world);
  await expect(values.read('release', { type: 'ssm', name: '/release' })).resolves.toBe('a=b');
  await expect(values.read('token', { type: 'environment', name: 'HERE' })).resolves.toBe('another');
  await expect(values.read('key', { type: 'secretsManager', id: 'x' })).resolves.toBe('line one\nline two\n');
});

test('a file that cannot be read is named', async () => {
  const values = valueSource(parseOverrides([], ['key=file:nowhere']), world);
  await expect(values.read('key', { type: 'secretsManager', id: 'x' })).rejects.toMatchObject({
    code: 'missing-value', message: `key cannot be read from ${folder}/nowhere: ENOENT`,
  });
});

test('options that are not understood are refused, without repeating what may be a secret', () => {
  expect(() => parseOverrides(['release'], [])).toThrow('--parameter release is not understood');
  expect(() => parseOverrides([], ['token=hunter2'])).toThrow(/^--secret token is not understood$/);
});

test('names that no plan has are refused, and so is a secret as a parameter', () => {
  const plans = [planOf('Web', sampleDefinition)];
  expect(() => checkOverrides(parseOverrides(['release=1'], ['token=env:X']), plans)).not.toThrow();
  expect(() => checkOverrides(parseOverrides(['relaese=1'], []), plans)).toThrow(expect.objectContaining({
    code: 'unknown-value', message: 'No selected image has a parameter relaese', hint: 'There are: release',
  }) as Error);
  expect(() => checkOverrides(parseOverrides(['token=hunter2'], []), plans)).toThrow('No selected image has a parameter token');
  expect(() => checkOverrides(parseOverrides([], ['x=env:X']), [planOf('Plain')])).toThrow(expect.objectContaining({ hint: 'They have no secrets at all.' }) as Error);
});
