import { startCodeBuildAccount, type CodeBuildAccount, type Wanted } from '../support/codebuild-account';

// The CDK's own command line deploys a stack whose image CodeBuild builds. What is started there is really executed, by an engine that
// has nothing but its source, with the roles of the stack, which count.
let account: CodeBuildAccount;
beforeAll(async () => {
  account = await startCodeBuildAccount();
  await account.baseImage(0);
}, 420_000);
afterAll(() => account?.stop());

const good: Wanted = { commands: ['echo one > /etc/golden'], scheduled: true };
let first: string;

test('a stack is there when its image is, and its instance runs it', async () => {
  const { exitCode, output } = await account.deploy('Web', good);

  expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  Web')]);
  [first] = Object.keys(await account.imagesOf('Web'));
  expect(await account.boxOf('Web')).toBe(first);
  expect(await account.leftOf('Web')).toEqual([]);
  expect(account.builds().map(({ status }) => status)).toEqual(['SUCCEEDED']);
  expect(account.refused()).toEqual([]);
});

test('the second deployment changes nothing, and builds nothing', async () => {
  expect((await account.deploy('Web', good)).output).toContain('(no changes)');
  expect(account.builds()).toHaveLength(1);
});

test('the stack stays as it was where the next image cannot be built, and says why and where to read on', async () => {
  const { exitCode, output } = await account.deploy('Web', { ...good, commands: ['echo "this is the reason" >&2; exit 7'] });

  expect([exitCode, await account.statusOf('Web')]).toEqual([1, 'UPDATE_ROLLBACK_COMPLETE']);
  expect(output).toContain('this is the reason');
  expect(output).toMatch(/log: https:\/\/console\.aws\.amazon\.com\/cloudwatch\//);
  expect(await account.boxOf('Web')).toBe(first);
  expect(Object.keys(await account.imagesOf('Web'))).toEqual([first]);
  expect(await account.leftOf('Web')).toEqual([]);
});

test('the stack goes back to the old image where something else fails, and both images stay', async () => {
  const { exitCode } = await account.deploy('Web', { ...good, commands: ['echo two > /etc/golden'], breaks: true });

  expect([exitCode, await account.statusOf('Web')]).toEqual([1, 'UPDATE_ROLLBACK_COMPLETE']);
  expect(await account.boxOf('Web')).toBe(first);
  const images = Object.keys(await account.imagesOf('Web'));
  expect([images.length, images.includes(first)]).toEqual([2, true]);
  expect(await account.leftOf('Web')).toEqual([]);
});

test('a schedule builds from a newer base, tells of it, and moves the alias', async () => {
  const { cloud: { services, account: id, region } } = account.aws;
  const newer = await account.baseImage(1);
  const [{ name }] = services.events.rulesOf({ account: id, region }).filter(({ schedule }) => schedule === 'rate(1 day)');
  services.notifications.clear();

  services.events.fire({ account: id, region }, name);
  await account.atRest();

  const built = Object.entries(await account.imagesOf('Web')).filter(([, source]) => source === newer).map(([ami]) => ami);
  expect(built).toHaveLength(1);
  expect(services.notifications.sent).toMatchObject([{ subject: 'Built: Web/Web', message: `Web/Web: Built ${built[0]}` }]);
  const { Parameters } = await account.to.ssm.getParametersByPath({ Path: '/golden/aliases', Recursive: true });
  expect(Parameters).toMatchObject([{ Value: built[0] }]);
  expect([services.deliveries.failed, account.refused()]).toEqual([[], []]);

  services.events.fire({ account: id, region }, name);
  await account.atRest();
  expect([Object.keys(await account.imagesOf('Web')).length, services.notifications.sent.length]).toEqual([3, 1]);
});

test('the images stay behind when the stack goes', async () => {
  const before = await account.imagesOf('Web');

  expect(await account.destroy('Web', good)).toMatchObject({ exitCode: 0 });
  expect(await account.statusOf('Web')).toBeUndefined();
  expect(await account.imagesOf('Web')).toEqual(before);
});
