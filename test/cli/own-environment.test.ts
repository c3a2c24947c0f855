import { ownEnvironment } from '../../lib/cli/own-environment';

test('what jsii puts before the PATH of who calls comes last', () => {
  const environment = { JSII_AGENT: 'Python/3.11.7', PATH: '/usr/bin:/home/me/.venv/bin:/usr/local/bin' };
  expect(ownEnvironment(environment, '/usr/bin/node').PATH).toBe('/home/me/.venv/bin:/usr/local/bin:/usr/bin');
});

test.each([
  ['nobody but the caller started it', { PATH: '/usr/bin:/bin' }],
  ['another folder comes first', { JSII_AGENT: 'Python/3.11.7', PATH: '/home/me/.venv/bin:/usr/bin' }],
  ['there is no other folder', { JSII_AGENT: 'Python/3.11.7', PATH: '/usr/bin' }],
  ['there is no PATH', { JSII_AGENT: 'Python/3.11.7' }],
])('the variables stay as they are where %s', (_case, environment) => {
  expect(ownEnvironment(environment, '/usr/bin/node')).toBe(environment);
});
