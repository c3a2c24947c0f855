import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { runCli } from '../../lib/cli/cli';
import type { CallersPlace } from '../../lib/cli/surroundings';
import { examineComputer } from '../../lib/cli/wiring';
import type { Finding } from '../../lib/ports/finding';
import { TestSurroundings } from '../support/test-surroundings';

const folder = mkdtempSync(join(tmpdir(), 'golden-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

const works: Finding = { name: 'user-namespaces', title: 'machines of an ordinary user', state: 'yes', detail: 'in a user namespace', isWay: true };
const lacks: Finding = {
  ...works, state: 'no', detail: 'ada has no users of its own', packages: ['uidmap', 'mmdebstrap'], command: 'usermod --add-subuids 100000-165535 ada',
};
const disks: Finding = { name: 'boot-test', title: 'disks', state: 'no', detail: 'not installed: uidmap', packages: ['uidmap', 'qemu-utils'] };

async function doctor(findings: readonly Finding[], place: CallersPlace = {}, ...args: string[]) {
  const surroundings = Object.assign(new TestSurroundings(folder), {
    examineComputer: async () => findings, callersPlace: async () => place,
  });
  const exitCode = await runCli(['doctor', ...args], surroundings);
  return { exitCode, out: surroundings.out };
}

describe('golden doctor', () => {
  test('ends well where one way to build works, and has no command where nothing is missing', async () => {
    const { exitCode, out } = await doctor([works]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^yes {2}machines of an ordinary user {2}in a user namespace$/m);
    expect(out).toMatch(/^NO {3}builds on EC2 +no region: set AWS_REGION, or name a --profile$/m);
    expect(out).toMatch(/Images can be built here\.\n$/);
    expect(out).not.toContain('added by root');
  });

  test('names one command for all that is missing, and ends with the code of an environment that cannot do it', async () => {
    const { exitCode, out } = await doctor([lacks, disks]);
    expect(exitCode).toBe(4);
    expect(out).toContain('\n  apt-get update && apt-get install --yes --no-install-recommends mmdebstrap qemu-utils uidmap && usermod --add-subuids 100000-165535 ada\n');
    expect(out).toMatch(/No image can be built here as it is\.\n$/);
  });

  test('counts an account whose credentials work', async () => {
    const { exitCode, out } = await doctor([lacks], { account: '111122223333', region: 'eu-west-1' });
    expect(exitCode).toBe(0);
    expect(out).toContain('with credentials of the account 111122223333, in eu-west-1');
  });

  test('says the same to programs', async () => {
    const { out } = await doctor([lacks], { region: 'eu-west-1' }, '--json');
    expect(JSON.parse(out)).toMatchObject({
      ways: [],
      findings: expect.arrayContaining([lacks, { name: 'ec2', title: 'builds on EC2', state: 'no', detail: 'no credentials that work in eu-west-1', isWay: true }]),
      command: expect.stringContaining('usermod'),
    });
  });

  test('tells the versions that an app in this folder uses', async () => {
    mkdirSync(join(folder, 'node_modules', 'aws-cdk-lib'), { recursive: true });
    writeFileSync(join(folder, 'node_modules', 'aws-cdk-lib', 'package.json'), '{"version":"2.200.1"}');
    expect((await doctor([works])).out).toMatch(/aws-cdk-lib +2\.200\.1$/m);
  });

  test('looks at this computer for real', async () => {
    const findings = await examineComputer!(join(folder, 'not', 'there', 'yet'));
    expect(findings.map(({ name }) => name).sort()).toEqual(['boot-test', 'disk', 'kvm', 'root', 'user-namespaces']);
    expect(findings.find(({ name }) => name === 'disk')!.detail).toMatch(/^\/.*\/not\/there\/yet: \d+\.\d GiB free on /);
  });
});
