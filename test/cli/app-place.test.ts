import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { createServer, type Server } from 'http';
import type { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { appPlace, mayHaveCredentials } from '../../lib/cli/app/app-place';
import type { PlaceOptions, Surroundings } from '../../lib/cli/surroundings';
import { askCallersPlace, systemClock } from '../../lib/cli/wiring';
import { TestSurroundings } from '../support/test-surroundings';

let home: string;
beforeEach(() => { home = mkdtempSync(join(tmpdir(), 'place-')); });
afterEach(() => rmSync(home, { recursive: true }));

const here = (environment: NodeJS.ProcessEnv = {}) => ({ HOME: home, AWS_EC2_METADATA_DISABLED: 'true', ...environment });

test.each([
  ['a key in a variable', { AWS_ACCESS_KEY_ID: 'AKIA' }, true],
  ['a profile', { AWS_PROFILE: 'dev' }, true],
  ['the role of a container', { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/role' }, true],
  ['a region only', { AWS_REGION: 'eu-west-1' }, false],
  ['an empty variable', { AWS_ACCESS_KEY_ID: '' }, false],
])('%s in the environment: looked for credentials: %s', (_what, environment, looked) => {
  expect(mayHaveCredentials(here(environment))).toBe(looked);
});

test('a file of the AWS CLI is a reason to look for credentials, wherever it lies', () => {
  expect(mayHaveCredentials(here())).toBe(false);
  mkdirSync(join(home, '.aws'));
  writeFileSync(join(home, '.aws', 'config'), '');
  expect(mayHaveCredentials(here())).toBe(true);
  expect(mayHaveCredentials(here({ AWS_CONFIG_FILE: join(home, 'none') }))).toBe(false);
});

describe('an app', () => {
  /** A world whose account is this one, and who was asked for it. */
  function world(environment: NodeJS.ProcessEnv): { readonly surroundings: Surroundings; readonly asked: PlaceOptions[] } {
    const asked: PlaceOptions[] = [];
    const surroundings: Surroundings = Object.assign(new TestSurroundings(home, here(environment)), {
      callersPlace: async (options: PlaceOptions) => { asked.push(options); return { account: '111122223333', region: 'eu-west-1' }; },
    });
    return { surroundings, asked };
  }

  test('is told nothing, and nobody is asked, where there are no credentials', async () => {
    const { surroundings, asked } = world({});
    expect(await appPlace({}, surroundings)).toEqual({});
    expect(asked).toEqual([]);
  });

  test('is told of a profile that was named, although the environment has none', async () => {
    const { surroundings, asked } = world({});
    expect(await appPlace({ profile: 'dev' }, surroundings)).toEqual({ CDK_DEFAULT_ACCOUNT: '111122223333', CDK_DEFAULT_REGION: 'eu-west-1' });
    expect(asked).toMatchObject([{ profile: 'dev', patienceMs: 3000 }]);
  });

  test('that is built in an account waits until that is known', async () => {
    const { surroundings, asked } = world({});
    await appPlace({ host: 'ec2' }, surroundings);
    expect(asked).toMatchObject([{ patienceMs: undefined }]);
  });
});

describe('where AWS does not answer', () => {
  const before = { ...process.env };
  let server: Server;
  beforeEach(async () => {
    server = createServer(() => { /* for ever */ });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const { port } = server.address() as AddressInfo;
    Object.assign(process.env, { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'eu-west-1' });
  });
  afterEach(async () => {
    process.env = { ...before };
    server.closeAllConnections();
    await new Promise((resolve) => { server.close(resolve); });
  });

  test('the region is told soon all the same, and no account', async () => {
    const begun = Date.now();
    expect(await askCallersPlace!({ clock: systemClock, patienceMs: 200 })).toEqual({ account: undefined, region: 'eu-west-1' });
    expect(Date.now() - begun).toBeLessThan(5_000);
  });
});
