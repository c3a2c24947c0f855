import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { Check, CheckType, Expectation } from '../../lib/plan/checks';
import { run } from '../../lib/process';
import { evaluateChecks } from '../../lib/verify/evaluate';
import { realGoss } from '../support/goss';
import { thisMachine } from '../verify/machine';

// The same statements about this machine, put to the real Goss and to ours: the outcomes have to be the same.
let goss: string;
beforeAll(async () => { goss = await realGoss(); }, 900_000);

const TABLE: readonly (readonly [CheckType, string, { readonly [attribute: string]: Expectation }])[] = [
  ['file', '@/text', { exists: true, mode: '0640', size: 12, owner: 'root', uid: 0, filetype: 'file', contents: ['one', '!four', '/^t.o$/'] }],
  ['file', '@/text/', { exists: true, mode: 640 }],
  ['file', '@/link', { 'exists': true, 'linked-to': 'text', 'filetype': 'symlink', 'contents': 'one\ntwo\nx=3' }],
  ['file', '@/dangling', { exists: true, mode: '0777', contents: ['x'] }],
  ['file', '@/none', { exists: false, mode: '0644' }],
  ['file', '@/none2', { exists: true, mode: '0644', contents: ['x'] }],
  ['file', '@', { exists: true, filetype: 'directory', contents: ['x'], md5: 'x' }],
  ['file', '/dev/null', { exists: true, filetype: 'character-device', mode: ['0666'] }],
  ['file', '~root', { exists: true, filetype: 'directory' }],
  ['file', '/etc/passwd', { exists: { not: false }, size: { and: [{ gt: 10 }, { lt: 1e9 }] }, contents: [], sha256: { 'have-len': 64 } }],
  ['command', 'echo hello', { 'exit-status': 0, 'stdout': 'hello' }],
  ['command', 'echo hello there', { 'exit-status': 0, 'stdout': ['hello', '\\!x', '/there/', '!/bye/'] }],
  ['command', 'printf 42', { 'exit-status': { le: 0 }, 'stdout': 42, 'stderr': '' }],
  ['command', 'printf " 42\n"', { 'exit-status': 0, 'stdout': { gt: 41 } }],
  ['command', 'printf "a\nb\nb"', { 'exit-status': 0, 'stdout': { 'contain-elements': ['b', 'b'] } }],
  ['command', 'printf "a\nb"', { 'exit-status': 0, 'stdout': { 'contain-elements': ['b', 'b'] } }],
  ['command', 'printf "ab\nac"', { 'exit-status': 0, 'stdout': { 'contain-elements': [{ 'have-prefix': 'a' }, 'ab'] } }],
  ['command', 'printf "a\nb\n"', { 'exit-status': 0, 'stdout': { 'contain-element': { 'match-regexp': '^B' } } }],
  ['command', 'printf "a"', { 'exit-status': 0, 'stdout': { 'consist-of': ['a'] } }],
  ['command', 'printf "abc"', { 'exit-status': 0, 'stdout': { 'have-len': 3 } }],
  ['command', 'printf "na\\303\\257ve"', { 'exit-status': 0, 'stdout': { 'have-len': 6 } }],
  ['command', 'printf 1.2.3', { 'exit-status': 0, 'stdout': { 'semver-constraint': '>=1.2.0 <2.0.0 || >3.0.0' } }],
  ['command', 'printf 1.2.3-rc1', { 'exit-status': 0, 'stdout': { 'semver-constraint': '< 1.2.3' } }],
  ['command', 'printf 01.2.3', { 'exit-status': 0, 'stdout': { 'semver-constraint': '>1.0.0' } }],
  ['command', 'printf 1.9.9', { 'exit-status': 0, 'stdout': { 'semver-constraint': '1.x' } }],
  ['command', 'echo \'{"a":{"b":[1,2,3]},"c":null}\'', { 'exit-status': 0, 'stdout': { gjson: { 'a.b.#': 3, 'a.b.1': 2, 'a.b': { 'consist-of': [3, 2, 1] } } } }],
  ['command', 'echo \'{"a": {}}\'', { 'exit-status': 0, 'stdout': { gjson: { 'a.b': 3 } } }],
  ['command', 'echo \'{"a": {"bc": 1}}\'', { 'exit-status': 0, 'stdout': { gjson: { a: { 'have-key': { 'have-prefix': 'b' } } } } }],
  ['command', 'echo not json', { 'exit-status': 0, 'stdout': { gjson: { a: 3 } } }],
  ['command', 'echo x', { 'exit-status': 0, 'stdout': { 'match-regexp': '(?=x)' } }],
  ['command', 'echo Hello', { 'exit-status': 0, 'stdout': { 'match-regexp': '(?i)hello' } }],
  ['command', 'echo neither', { 'exit-status': 0, 'stdout': { or: [{ 'have-prefix': 'x' }, { 'have-suffix': 'y' }] } }],
  ['command', 'echo word', { 'exit-status': 0, 'stdout': { not: { gt: 3 } } }],
  ['command', 'echo loud >&2; exit 7', { 'exit-status': 7, 'stdout': '', 'stderr': ['loud'] }],
  ['command', 'sleep 5', { 'exit-status': 0, 'stdout': '', 'timeout': 1000 }],
  ['command', 'echo unset', { stdout: ['unset'] }],
  ['user', 'root', { exists: true, uid: 0, gid: '0', groups: { 'consist-of': ['root'] }, home: '/root', shell: { 'have-suffix': 'sh' } }],
  ['user', 'www-data', { exists: true, groups: ['www-data', 'www-data'] }],
  ['user', 'nobody-at-all', { exists: true, uid: 1 }],
  ['user', 'nobody-of-note', { exists: false, uid: 1 }],
  ['group', 'adm', { exists: true, gid: { equal: 4 } }],
  ['package', 'dpkg', { installed: true, versions: { 'have-len': 1 } }],
  ['package', 'no-such-package', { installed: false, versions: ['1'] }],
  ['service', 'no-such-service', { enabled: false, running: true, runlevels: { 'have-len': 0 } }],
  ['service', 'a/b', { enabled: false, running: false }],
  ['process', 'node', { running: true }],
  ['process', 'no-such-process', { running: true }],
  ['port', 'tcp:1', { listening: false, ip: ['127.0.0.1'] }],
  ['port', '1', { listening: true, ip: ['127.0.0.1'] }],
];

test('outcomes are those of Goss', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parity-'));
  try {
    writeFileSync(join(folder, 'text'), 'one\ntwo\nx=3\n', { mode: 0o640 });
    symlinkSync('text', join(folder, 'link'));
    symlinkSync('nowhere', join(folder, 'dangling'));
    const checks = TABLE.map(([type, resource, attributes]): Check => ({ type, resource: resource.replace('@', folder), attributes, origin: '' }));

    const ours = (await evaluateChecks(checks, thisMachine().execute)).map(({ check, attribute, outcome }) => `${check.type} ${check.resource} ${attribute} ${outcome}`);

    expect(ours.sort()).toEqual((await gossOutcomes(folder, checks)).sort());
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

async function gossOutcomes(folder: string, checks: readonly Check[]): Promise<string[]> {
  const gossfile: { [type: string]: { [resource: string]: object } } = {};
  for (const { type, resource, attributes } of checks) { (gossfile[type] ??= {})[resource] = attributes; }
  // JSON is YAML, and YAML keeps whole numbers whole.
  writeFileSync(join(folder, 'goss.yaml'), JSON.stringify(gossfile));
  // That checks fail is what its exit code says, and part of the table.
  const { stdout } = await run([goss, '-g', join(folder, 'goss.yaml'), 'validate', '--format', 'json'], { timeoutMs: 60_000 });
  const outcomes = ['passed', 'failed', 'skipped'];
  const results = (JSON.parse(stdout.toString()) as { results: { 'resource-type': string; 'resource-id': string; 'property': string; 'result': number }[] }).results;
  const printed: { readonly [property: string]: string } = { linkedto: 'linked-to', version: 'versions' };
  return results.map((each) => `${each['resource-type'].toLowerCase()} ${each['resource-id']} ${printed[each.property] ?? each.property} ${outcomes[each.result]}`);
}
