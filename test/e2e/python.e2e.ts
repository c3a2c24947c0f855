import { readFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import type { Plan } from '../../lib/plan/model';
import { run } from '../../lib/process';
import { planIn, startCdkDeploy, type CdkDeploy } from '../support/cdk-deploy';
import { PROJECT } from '../support/golden';

// Kept where a folder is given: it takes minutes to make.
const HOME = process.env.GOLDEN_TEST_HOME ?? join(tmpdir(), 'golden-test-home');
jest.setTimeout(900_000);

let aws: CdkDeploy;
let python: string;
beforeAll(async () => {
  const { stdout, stderr, exitCode } = await run([join(PROJECT, 'test', 'support', 'python-twin.sh'), join(HOME, 'python')], { timeoutMs: 800_000 });
  if (exitCode !== 0) { throw new Error(`The package for Python was not made:\n${stderr.toString()}`); }
  python = stdout.toString().trim();
  aws = await startCdkDeploy();
});
afterAll(() => aws?.stop());

test('the example in Python is the image of its twin in TypeScript, with a provisioner written in Python, and is deployed', async () => {
  const cwd = aws.example('one-stack-python');
  const environment = { PATH: `${dirname(python)}:${aws.environment.PATH}`, PYTHONDONTWRITEBYTECODE: '1' };
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
