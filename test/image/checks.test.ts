import { Duration } from 'aws-cdk-lib';
import { declareImage, faultsOf } from './declaration';
import { Check } from '../../lib/image/checks/check';
import { Expect } from '../../lib/image/checks/expect';
import { MATCHERS } from '../../lib/plan/checks';

const lowered = (check: Check) => {
  const { attributes, type, resource } = declareImage({ checks: [check] })._plan().definition.checks[0];
  return { type, resource, attributes };
};

test.each<[string, Check, object]>([
  ['a command succeeds unless told otherwise', Check.command('true'), { 'exit-status': 0 }],
  ['a command with patterns for its lines', Check.command('id', { exitStatus: 1, stdout: ['uid', '!root'], stderr: '', timeout: Duration.seconds(2) }), {
    'exit-status': 1, 'stdout': ['uid', '!root'], 'stderr': '', 'timeout': 2000,
  }],
  ['a file is there unless told otherwise', Check.file('/a'), { exists: true }],
  ['a link', Check.file('/a', { filetype: 'symlink', linkedTo: 'b' }), { 'exists': true, 'filetype': 'symlink', 'linked-to': 'b' }],
  ['a file that must not be there', Check.file('/a', { exists: false }), { exists: false }],
  ['a package', Check.package('nginx', { versions: ['1.22'] }), { installed: true, versions: ['1.22'] }],
  ['a service is enabled and running unless told otherwise', Check.service('nginx'), { enabled: true, running: true }],
  ['a service of which nothing is said', Check.service('nginx', { enabled: undefined }), { enabled: true, running: true }],
  ['a package of which nothing is said', Check.package('nginx', { installed: undefined }), { installed: true }],
  ['a time that is no whole number of milliseconds', Check.command('true', { timeout: Duration.seconds(0.0015) }), { 'exit-status': 0, 'timeout': 2 }],
  ['a service of which only one thing matters', Check.service('nginx', { enabled: false }), { enabled: false }],
  ['a user', Check.user('www-data', { groups: ['www-data'] }), { exists: true, groups: ['www-data'] }],
  ['a group', Check.group('adm', { gid: 4 }), { exists: true, gid: 4 }],
  ['a port', Check.port('tcp:80', { ip: ['0.0.0.0'] }), { listening: true, ip: ['0.0.0.0'] }],
  ['a process', Check.process('nginx'), { running: true }],
  ['anything that Goss knows', Check.of('file', '/a', { size: { gt: 0 }, mode: Expect.not('0777') }), { size: { gt: 0 }, mode: { not: '0777' } }],
])('%s', (_, check, attributes) => {
  expect(lowered(check).attributes).toEqual(attributes);
});

const EXPECTATIONS: ReadonlyArray<[Expect, object]> = [
  [Expect.equal(1), { equal: 1 }],
  [Expect.matching('^a'), { 'match-regexp': '^a' }],
  [Expect.containing('a'), { 'contain-substring': 'a' }],
  [Expect.startingWith('a'), { 'have-prefix': 'a' }],
  [Expect.endingWith('a'), { 'have-suffix': 'a' }],
  [Expect.lines('a', '!b'), { 'have-patterns': ['a', '!b'] }],
  [Expect.atLeast(1), { ge: 1 }],
  [Expect.atMost(1), { le: 1 }],
  [Expect.greaterThan(1), { gt: 1 }],
  [Expect.lessThan(1), { lt: 1 }],
  [Expect.ofLength(1), { 'have-len': 1 }],
  [Expect.member('a'), { 'have-key': 'a' }],
  [Expect.element('a'), { 'contain-element': 'a' }],
  [Expect.elements('a', Expect.matching('b')), { 'contain-elements': ['a', { 'match-regexp': 'b' }] }],
  [Expect.exactly('a', 'b'), { 'consist-of': ['a', 'b'] }],
  [Expect.version('>=1.0.0'), { 'semver-constraint': '>=1.0.0' }],
  [Expect.json({ 'a.b': Expect.atLeast(1), 'c': 'd' }), { gjson: { 'a.b': { ge: 1 }, 'c': 'd' } }],
  [Expect.not(Expect.containing('a')), { not: { 'contain-substring': 'a' } }],
  [Expect.allOf(Expect.atLeast(1), Expect.atMost(3)), { and: [{ ge: 1 }, { le: 3 }] }],
  [Expect.anyOf('0644', '0640'), { or: ['0644', '0640'] }],
];

test.each(EXPECTATIONS)('an expectation is one matcher of Goss: %j', (expectation, matcher) => {
  expect(lowered(Check.of('file', '/a', { contents: expectation })).attributes).toEqual({ contents: matcher });
});

test('there is an expectation for each matcher of Goss', () => {
  expect(EXPECTATIONS.flatMap(([, matcher]) => Object.keys(matcher)).sort()).toEqual([...MATCHERS].sort());
});

test.each<[string, Check[], string]>([
  ['a mode such as 0999', [Check.file('/a', { mode: '0999' })], 'invalid-mode'],
  ['a mode of three digits, which no file ever has in Goss', [Check.file('/a', { mode: '644' })], 'invalid-mode'],
  ['a relative path', [Check.file('etc/motd')], 'relative-path'],
  ['a port without a number', [Check.port('http')], 'invalid-port'],
  ['an empty command', [Check.command(' ')], 'empty-name'],
  ['two checks of one resource', [Check.service('nginx', { enabled: true }), Check.service('nginx', { running: true })], 'duplicate-check'],
  ['an unknown type', [Check.of('dns', 'example.com', {})], 'unknown-check'],
  ['a type that every object has', [Check.of('constructor', 'x', {})], 'unknown-check'],
  ['a check that expects nothing', [Check.of('file', '/a', {})], 'empty-check'],
  ['an unknown attribute', [Check.of('file', '/a', { colour: 'red' })], 'unknown-attribute'],
  ['an unknown matcher', [Check.of('file', '/a', { size: { about: 3 } })], 'unknown-matcher'],
])('%s is a fault of the image', (_, checks, code) => {
  expect(faultsOf(declareImage({ checks }))).toEqual([expect.objectContaining({ code, path: 'Stack/Image' })]);
});
