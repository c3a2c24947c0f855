import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { greeterImage } from '../../examples/tested-image/greeter-image';
import type { Plan } from '../../lib/plan/model';
import { run } from '../../lib/process';
import { planIn, startCdkDeploy, type CdkDeploy } from '../support/cdk-deploy';
import { PROJECT } from '../support/golden';

// Kept where a folder is given: it takes minutes to make.
const HOME = process.env.GOLDEN_TEST_HOME ?? join(tmpdir(), 'golden-test-home');
jest.setTimeout(900_000);

let aws: CdkDeploy;
let python: string;
/** The commands of the virtual environment come first, as where it is activated. */
const activated = (path = process.env.PATH) => ({ PATH: `${dirname(python)}:${path}`, PYTHONDONTWRITEBYTECODE: '1' });

beforeAll(async () => {
  const { stdout, stderr, exitCode } = await run([join(PROJECT, 'test', 'support', 'python-twin.sh'), join(HOME, 'python')], { timeoutMs: 800_000 });
  if (exitCode !== 0) { throw new Error(`The package for Python was not made:\n${stderr.toString()}`); }
  python = stdout.toString().trim();
  aws = await startCdkDeploy();
});
afterAll(() => aws?.stop());

test('the example in Python is the image of its twin in TypeScript, with a provisioner written in Python, and is deployed', async () => {
  const cwd = aws.example('one-stack-python');
  const environment = activated(aws.environment.PATH);
  const bootstrap = await aws.cdk(['bootstrap', `aws://${aws.env.account}/${aws.env.region}`]);
  expect([bootstrap.exitCode, bootstrap.output]).toEqual([0, expect.any(String)]);
  const { exitCode, output } = await aws.deploy([], { cwd, environment });
  expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  Site')]);

  const [twin] = JSON.parse(readFileSync(join(PROJECT, 'examples', 'one-stack', 'expected-plans.json'), 'utf8')) as Plan[];
  const plan = planIn(join(cwd, 'cdk.out'), 'SiteImage3519E7C2');
  expect([plan.definitionHash, plan.deliveryHash]).toEqual([twin.definitionHash, twin.deliveryHash]);
  const instance = await aws.output('Site', 'InstanceId');
  expect(await aws.imageOf(instance!)).toBe(await aws.output('Site', 'ImageId'));
});

describe('an empty project in Python, with the package alone', () => {
  const project = mkdtempSync(join(tmpdir(), 'golden-python-'));
  beforeAll(() => cpSync(join(PROJECT, 'examples', 'tested-image-python'), project, { recursive: true }));
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  const golden = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await run(['golden', ...args], {
      cwd: project, env: { ...process.env, ...activated(), GOLDEN_HOME: HOME }, timeoutMs: 600_000,
    });
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  };

  test('has the command golden', async () => {
    const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
    expect(await golden('--version')).toMatchObject({ exitCode: 0, stdout: `${version}\n` });
  });

  test('builds the image of its twin in TypeScript, with a provisioner that is written in Python', async () => {
    const built = await golden('build', '--json');
    expect([built.exitCode, built.stderr]).toEqual([0, expect.any(String)]);
    const events = built.stdout.trim().split('\n').map((line) => JSON.parse(line) as { readonly [key: string]: unknown });
    expect(events.at(-1)).toMatchObject({
      type: 'build.finished', image: 'Greeter/Image', status: 'built', definitionHash: greeterImage(new Stack(new App(), 'Greeter')).definitionHash,
    });
    const [key] = readdirSync(join(project, 'golden.out', 'Greeter-Image'));
    expect(readdirSync(join(project, 'golden.out', 'Greeter-Image', key)).sort()).toEqual(['disk.qcow2', 'disk.raw', 'manifest.json', 'root.tar']);
  });
});
