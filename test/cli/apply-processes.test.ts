import { spawn } from 'child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'fs';
import { basename, join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { AmiImage, Communicator, Provisioner, Source } from '../../lib';
import { startAccountCli, type AccountCli } from '../support/account-cli';
import { PROJECT } from '../support/golden';

let account: AccountCli;
beforeAll(async () => { account = await startAccountCli(); });
afterAll(() => account?.stop());
beforeEach(() => account.reset());

// Processes that are compiled as they start, next to whatever else runs.
jest.setTimeout(300_000);

interface Ended {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

const MAIN = ['--require', 'tsx/cjs', join(PROJECT, 'lib', 'cli', 'main.ts')];
const assembly = () => join(account.folder, 'app');
const plans = () => readdirSync(assembly()).filter((name) => name.endsWith('.golden-plan.json')).sort();
const logOf = (plan: string) => readFileSync(join(assembly(), 'golden', `${basename(plan, '.golden-plan.json')}.log`), 'utf8');

function start(argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, argv, {
    cwd: PROJECT,
    env: { ...process.env, GOLDEN_HOME: join(account.folder, 'home'), GOLDEN_CALLER_ADDRESS: '127.0.0.1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (data: Buffer) => { out += data.toString(); });
  child.stderr.on('data', (data: Buffer) => { err += data.toString(); });
  return new Promise((resolve) => child.on('close', (exitCode) => resolve({ exitCode, out, err })));
}

function declareChain(length: number): void {
  const app = new App({ outdir: assembly() });
  const stack = new Stack(app, 'Stack', { env: { region: account.cloud.region, account: account.cloud.account } });
  const props = { builder: { communicator: Communicator.ssh() }, provisioners: [Provisioner.shell({ inline: ['sleep 3'] })] };
  let source = Source.ubuntu('24.04');
  for (let link = 1; link <= length; link++) { source = Source.image(new AmiImage(stack, `Link${link}`, { source, ...props })); }
  app.synth();
}

test('the images of a chain that are applied at the same time are built once each, and who waits says for whom', async () => {
  declareChain(3);
  const ends = await Promise.all(plans().map((plan) => start([...MAIN, 'apply', '--plan', join(assembly(), plan)])));
  expect(ends.map(({ exitCode, err }) => ({ exitCode, err }))).toEqual(ends.map(() => ({ exitCode: 0, err: '' })));
  expect(account.cloud.calls.filter(({ action }) => action === 'RunInstances')).toHaveLength(3);
  const { images, parameters } = await account.cloud.resources();
  expect(images).toHaveLength(3);
  expect(parameters.filter(({ id }) => id.startsWith('/golden/'))).toHaveLength(3);
  const receipts = ends.map(({ out }) => out.trim());
  expect(receipts.every((path) => statSync(path).size <= 22)).toBe(true);
  expect(receipts.map((path) => readFileSync(path, 'utf8')).sort()).toEqual(images.map(({ id }) => id).sort());
  expect(plans().map(logOf).join('')).toMatch(/\| Waiting for the build [0-9a-f]{16} of Stack\/Link1, process \d+ on \S+, which builds the same/);
});

describe('credentials', () => {
  beforeEach(() => declareChain(1));
  const noCredentials = () => ({
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    HOME: account.folder,
    AWS_CONFIG_FILE: join(account.folder, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(account.folder, 'credentials'),
  });
  const writeProfile = () => writeFileSync(join(account.folder, 'config'), '[profile team]\naws_access_key_id = test\naws_secret_access_key = test\n');
  /** As the CDK does: the arguments are those of the process that starts ours. */
  const fromCaller = (callerArguments: readonly string[]) => {
    const argv = [process.execPath, ...MAIN, 'apply', '--plan', join(assembly(), plans()[0])];
    const script = `const {spawn}=require('child_process');spawn(${JSON.stringify(argv[0])},${JSON.stringify(argv.slice(1))},{stdio:'inherit'}).on('exit',code=>{process.exitCode=code})`;
    return start(['-e', script, '--', 'deploy', ...callerArguments], noCredentials());
  };

  test('are those of the profile that the CDK was called with', async () => {
    writeProfile();
    const { exitCode, out, err } = await fromCaller(['--profile', 'team']);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(readFileSync(out.trim(), 'utf8')).toMatch(/^ami-/);
  });

  test('that are missing are told with what to type', async () => {
    mkdirSync(account.folder, { recursive: true });
    writeFileSync(join(account.folder, 'config'), '');
    const { exitCode, out, err } = await fromCaller(['--profile=other']);
    expect([exitCode, out]).toEqual([1, '']);
    expect(err).toMatch(/^not built\n\nStack\/Link1: There are no credentials of AWS: /);
    expect(err).toContain('Type: AWS_PROFILE=other cdk deploy ...');
    expect(err).not.toContain('    at ');
  });
});
