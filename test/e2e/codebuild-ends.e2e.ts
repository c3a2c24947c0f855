import { startCodeBuildAccount, type CodeBuildAccount, type Wanted } from '../support/codebuild-account';

// How builds and stacks end: the CDK's own command line, and CodeBuild's containers that are killed, stopped and too slow.
let account: CodeBuildAccount;
beforeAll(async () => {
  account = await startCodeBuildAccount();
  await account.baseImage(0);
}, 420_000);
afterAll(() => account?.stop());

const slow: Wanted = { commands: ['echo waiting; sleep 600'] };

describe('a build that does not come to its end', () => {
  afterEach(async () => { await account.destroy('Slow', slow); });

  test.each(['FAILED', 'FAULT'] as const)('is told to CloudFormation within a minute where its container is killed and it is %s', async (status) => {
    const deployed = account.deploy('Slow', slow);
    await account.aws.cloud.services.codeBuild.killContainer(await account.runningBuild('Slow'), status);
    const killedAt = Date.now();

    const { exitCode, output } = await deployed;

    expect(Date.now() - killedAt).toBeLessThan(60_000);
    expect([exitCode, await account.statusOf('Slow')]).toEqual([1, 'ROLLBACK_COMPLETE']);
    expect(output).toMatch(new RegExp(`CodeBuild Slow[\\w-]*:[0-9a-f-]{36}:\\s+${status}`));
  });

  test('is stopped when its stack is deleted meanwhile, and the stack goes', async () => {
    const deployed = account.deploy('Slow', slow);
    const id = await account.runningBuild('Slow');

    await account.to.cloudFormation.deleteStack({ StackName: 'Slow' });

    expect((await deployed).exitCode).toBe(1);
    for (const end = Date.now() + 60_000; await account.statusOf('Slow') !== undefined && Date.now() < end;) {
      await new Promise((resolve) => { setTimeout(resolve, 200); });
    }
    expect(await account.statusOf('Slow')).toBeUndefined();
    expect(account.builds().find((build) => build.id === id)!.status).toBe('STOPPED');
  });

  test('fails its stack when its time is over', async () => {
    const { settings } = account.aws.cloud.services.codeBuild;
    settings.minuteMs = 3_000;
    try {
      const { exitCode, output } = await account.deploy('Slow', { ...slow, minutes: 5 });

      expect([exitCode, await account.statusOf('Slow')]).toEqual([1, 'ROLLBACK_COMPLETE']);
      expect(output).toMatch(/CodeBuild Slow[\w-]*:[0-9a-f-]{36}:\s+TIMED_OUT/);
    } finally {
      settings.minuteMs = 60_000;
    }
  });
});

test('a first build that fails leaves nothing but its records', async () => {
  const { exitCode, output } = await account.deploy('Bad', { commands: ['echo "no way" >&2; exit 3'] });

  expect([exitCode, await account.statusOf('Bad')]).toEqual([1, 'ROLLBACK_COMPLETE']);
  expect(output).toContain('no way');
  expect([await account.imagesOf('Bad'), await account.leftOf('Bad')]).toEqual([{}, []]);
});

test('a stack that is to remove its image does so', async () => {
  const wanted: Wanted = { commands: ['echo gone > /etc/golden'], destroys: true };
  expect((await account.deploy('Gone', wanted)).output).toContain('✅  Gone');
  expect(Object.keys(await account.imagesOf('Gone'))).toHaveLength(1);

  expect(await account.destroy('Gone', wanted)).toMatchObject({ exitCode: 0 });

  expect([await account.imagesOf('Gone'), await account.leftOf('Gone')]).toEqual([{}, []]);
  expect(account.refused()).toEqual([]);
});

test('the example with a nightly build is deployed, and builds nothing in a night without a newer base', async () => {
  const { aws, to } = account;
  const { services, account: id, region } = aws.cloud;
  const cwd = aws.example('scheduled-rebuild');
  const { exitCode, output } = await aws.deploy(['--all'], { cwd });
  expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  NightlyFleet')]);
  const ami = await aws.parameter('/images/web');
  const { LaunchTemplateVersions = [] } = await to.ec2.describeLaunchTemplateVersions({ Versions: ['$Latest'] });
  expect(LaunchTemplateVersions.map(({ LaunchTemplateData }) => LaunchTemplateData!.ImageId).sort()).toEqual([ami, 'resolve:ssm:/images/web'].sort());

  const [{ name }] = services.events.rulesOf({ account: id, region }).filter(({ schedule }) => schedule === 'cron(30 3 * * ? *)');
  services.notifications.clear();
  services.events.fire({ account: id, region }, name);
  await account.atRest();

  expect(account.builds().filter(({ project }) => project.name.startsWith('Nightly')).map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  expect([await aws.images(), services.notifications.sent]).toEqual([[ami], []]);
  expect(await aws.cdk(['destroy', '--all', '--force'], { cwd })).toMatchObject({ exitCode: 0 });
  expect(account.refused()).toEqual([]);
});
