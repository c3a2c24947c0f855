import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { DescribeInstanceInformationCommand } from '@aws-sdk/client-ssm';
import { ec2Plan, REGION, startEc2, type Ec2Fixture } from './ec2-fixture';
import { systemClock } from '../../../lib/cli/wiring';
import { SsmApi } from '../../../lib/communicators/ssm/ssm-api';
import { captureImage } from '../../../lib/hosts/ec2/capture';
import { openCloud, type Cloud } from '../../../lib/hosts/ec2/cloud';
import { launchMachine } from '../../../lib/hosts/ec2/launch';
import { resolveSource } from '../../../lib/hosts/ec2/source-resolution';
import { buildKeys } from '../../../lib/plan/keys';
import { createSsmService } from '../../support/cloud/ssm/create-ssm-service';

/** How long credentials last, in seconds. */
const LIFE = 2;

let ec2: Ec2Fixture;
let folder: string;
const usual = { ...process.env };
beforeAll(async () => {
  ec2 = await startEc2({ ssm: createSsmService, settings: { credentialSeconds: LIFE } });
  folder = mkdtempSync(join(tmpdir(), 'golden-credentials-'));
});
afterAll(async () => {
  await ec2?.stop();
  rmSync(folder, { recursive: true, force: true });
  for (const name of Object.keys(process.env)) { if (!(name in usual)) { delete process.env[name]; } }
  Object.assign(process.env, usual);
});

/** An account that is reached by credentials of a process alone, which assumes a role each time it is asked. */
function cloudOfProcess(expiration: string): Cloud {
  const script = join(folder, 'credentials.sh');
  writeFileSync(script, `#!/bin/sh
echo asked >>${join(folder, 'asked')}
answer=$(curl -sS -H 'Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-2/sts/aws4_request, SignedHeaders=host, Signature=0' \\
  -d 'Action=AssumeRole&Version=2011-06-15&RoleSessionName=build&RoleArn=arn:aws:iam::123456789012:role/build' ${ec2.aws.endpoint})
field() { printf %s "$answer" | tr -d '\\n' | sed "s/.*<$1>\\([^<]*\\)<.*/\\1/"; }
printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s","SessionToken":"%s","Expiration":"%s"}' \\
  "$(field AccessKeyId)" "$(field SecretAccessKey)" "$(field SessionToken)" "${expiration}"
`);
  chmodSync(script, 0o755);
  const config = join(folder, 'config');
  writeFileSync(config, `[profile build]\ncredential_process = ${script}\n`);
  writeFileSync(join(folder, 'asked'), '');
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
  Object.assign(process.env, { AWS_PROFILE: 'build', AWS_CONFIG_FILE: config });
  return openCloud({ clock: systemClock, outputFolder: folder, region: REGION });
}

const asked = () => readFileSync(join(folder, 'asked'), 'utf8').split('\n').length - 1;
const refused = () => ec2.aws.calls.filter(({ code = '' }) => /Expired/.test(code)).length;

test.each([
  ['when they say', '$(field Expiration)', 0],
  ['before the time that they say', '2099-01-01T00:00:00Z', 2],
])('a build outlives two sets of credentials that end %s', async (_, expiration, refusals) => {
  await ec2.aws.reset();
  const cloud = cloudOfProcess(expiration);
  // Longer than two lives of credentials.
  ec2.aws.settings.durations.image = 2.5 * LIFE * 1000;
  const plan = ec2Plan({ delivery: { regions: [] } });
  const source = await resolveSource(cloud, REGION, plan, ec2.context);
  const machine = await launchMachine(cloud, { region: REGION, plan, imageId: source.id, purpose: 'build', requirements: { managed: true } }, ec2.context);
  await machine.stop(60_000);
  const keys = buildKeys(plan.definition, { source: source.id, parameters: { release: '1' }, secrets: { token: 'f'.repeat(64) } });
  const draft = await captureImage(cloud, machine, { plan, keys }, ec2.context);
  await machine.destroy();
  expect((await ec2.aws.resources()).images.map(({ id, state }) => `${id} ${state}`)).toEqual([`${draft.id} available`]);
  expect(asked()).toBeGreaterThanOrEqual(3);
  expect(refused()).toBeGreaterThanOrEqual(refusals);
});

test('Run Command goes on with new credentials, too', async () => {
  await ec2.aws.reset();
  const api = new SsmApi(cloudOfProcess('2099-01-01T00:00:00Z').clients.access(REGION));
  const ask = () => api.call('DescribeInstanceInformation', (client, options) => client.send(new DescribeInstanceInformationCommand({}), options), {
    clock: systemClock, patienceMs: 5_000,
  });
  await ask();
  const begun = Date.now();
  while (Date.now() - begun < LIFE * 1000 + 200) { await new Promise((resolve) => setTimeout(resolve, 100)); }
  expect((await ask()).InstanceInformationList).toEqual([]);
  expect(refused()).toBe(1);
  expect(asked()).toBe(2);
  api.close();
});

test('a build outlives two sets of credentials of the role that it assumes', async () => {
  await ec2.aws.reset();
  for (const name of Object.keys(process.env)) { if (!(name in usual)) { delete process.env[name]; } }
  Object.assign(process.env, usual, ec2.aws.environment);
  const roleArn = 'arn:aws:iam::222222222222:role/golden-build';
  const cloud = openCloud({ clock: systemClock, outputFolder: folder, region: REGION, roleArn });
  expect(await cloud.clients.callerIdentity(REGION)).toMatchObject({ account: '222222222222', arn: expect.stringContaining(':assumed-role/golden-build/golden') });
  const begun = Date.now();
  while (Date.now() - begun < 2.5 * LIFE * 1000) {
    expect(await cloud.clients.ssm(REGION).send(new DescribeInstanceInformationCommand({}))).toMatchObject({ InstanceInformationList: [] });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(ec2.aws.calls.filter(({ action }) => action === 'AssumeRole').length).toBeGreaterThanOrEqual(3);
});

test('a role that may not be assumed is told with what it needs', async () => {
  await ec2.aws.reset();
  ec2.aws.settings.denied = ['sts:AssumeRole'];
  const cloud = openCloud({ clock: systemClock, outputFolder: folder, region: REGION, roleArn: 'arn:aws:iam::222222222222:role/golden-build' });
  await expect(cloud.clients.callerIdentity(REGION)).rejects.toMatchObject({
    code: 'role-refused',
    message: expect.stringContaining('The role arn:aws:iam::222222222222:role/golden-build cannot be assumed: '),
    hint: expect.stringContaining('sts:AssumeRole'),
  });
});
