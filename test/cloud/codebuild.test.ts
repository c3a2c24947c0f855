import type { Build } from '@aws-sdk/client-codebuild';
import { cloudClients, type CloudClients } from './cloud-clients';
import { linesOf, makeProject, serviceRole } from './service-fixture';
import { until } from './until';
import { startCloud, type Cloud } from '../support/cloud/cloud';
import { smallZip } from '../support/cloud/small-zip';

let cloud: Cloud;
let to: CloudClients;

beforeAll(async () => {
  cloud = await startCloud();
  to = cloudClients(cloud);
});
afterAll(async () => { to.end(); await cloud.stop(); });
afterEach(() => cloud.reset());

const started = async (projectName: string, more: object = {}) => (await to.codeBuild.startBuild({ projectName, ...more })).build!.id!;

async function finished(id: string): Promise<Build> {
  await until(async () => (await to.codeBuild.batchGetBuilds({ ids: [id] })).builds![0].buildComplete === true);
  return (await to.codeBuild.batchGetBuilds({ ids: [id] })).builds![0];
}

async function outcome(phases: object, env: object = {}, more: object = {}): Promise<{ readonly build: Build; readonly lines: readonly string[] }> {
  const build = await finished(await started(await makeProject(to, phases, {}, env), more));
  return { build, lines: await linesOf(to, build.logs!.groupName!, build.logs!.streamName!) };
}

const phasesOf = ({ phases }: Build) => phases!.map(({ phaseType, phaseStatus }) => `${phaseType} ${phaseStatus ?? ''}`.trim());

test('a build runs its phases in order, in one shell', async () => {
  const { build, lines } = await outcome({
    install: { 'commands': ['MARK=install', 'mkdir -p sub'], 'runtime-versions': { nodejs: 20 } },
    pre_build: { commands: ['cd sub', 'export MARK'] },
    build: { commands: ['echo "$MARK in $(basename "$PWD")"', 'node -p "process.env.MARK"'] },
    post_build: { commands: ['echo "succeeding: $CODEBUILD_BUILD_SUCCEEDING"'] },
  });

  expect(build.buildStatus).toBe('SUCCEEDED');
  expect(phasesOf(build)).toEqual([
    ...['SUBMITTED', 'QUEUED', 'PROVISIONING', 'DOWNLOAD_SOURCE', 'INSTALL', 'PRE_BUILD', 'BUILD', 'POST_BUILD', 'UPLOAD_ARTIFACTS', 'FINALIZING'].map((phase) => `${phase} SUCCEEDED`),
    'COMPLETED',
  ]);
  expect(lines).toEqual(['install in sub', 'install', 'succeeding: 1']);
});

test('post_build runs after a build that failed, and the rest of the build does not', async () => {
  const { build, lines } = await outcome({
    build: { commands: ['echo first', 'exit 3', 'echo never'], finally: ['echo finally'] },
    post_build: { commands: ['echo "succeeding: $CODEBUILD_BUILD_SUCCEEDING"'] },
  });

  expect(build.buildStatus).toBe('FAILED');
  expect(lines).toEqual(['first', 'finally', 'succeeding: 0']);
  expect(build.phases!.find(({ phaseType }) => phaseType === 'BUILD')).toMatchObject({
    phaseStatus: 'FAILED', contexts: [{ statusCode: 'COMMAND_EXECUTION_ERROR', message: 'Error while executing command: exit 3. Reason: exit status 3' }],
  });
});

test('nothing runs after a phase that failed before the build, but what is to run finally', async () => {
  const { build, lines } = await outcome({
    install: { commands: ['false'], finally: ['echo finally'] }, build: { commands: ['echo never'] }, post_build: { commands: ['echo never'] },
  });

  expect(phasesOf(build).slice(4)).toEqual(['INSTALL FAILED', 'FINALIZING SUCCEEDED', 'COMPLETED']);
  expect(lines).toEqual(['finally']);
});

test('variables of a build go before those of its project, and these before those of the buildspec', async () => {
  await to.ssm.putParameter({ Name: '/mark', Type: 'String', Value: 'stored' });
  await makeProject(to, { build: { commands: ['echo "$A $B $C $D"'] } }, {
    name: 'variables',
    environment: {
      type: 'LINUX_CONTAINER',
      image: 'aws/codebuild/standard:7.0',
      computeType: 'BUILD_GENERAL1_SMALL',
      environmentVariables: [{ name: 'B', value: 'project' }, { name: 'C', value: 'project' }, { name: 'D', value: '/mark', type: 'PARAMETER_STORE' }],
    },
  }, { variables: { A: 'spec', B: 'spec', C: 'spec' } });

  const build = await finished(await started('variables', { environmentVariablesOverride: [{ name: 'C', value: 'build' }] }));

  expect(await linesOf(to, '/aws/codebuild/variables', build.logs!.streamName!)).toEqual(['spec project build stored']);
});

test('a source in S3 is unpacked where the commands run, and they act as the service role', async () => {
  await to.s3.createBucket({ Bucket: 'sources', CreateBucketConfiguration: { LocationConstraint: 'us-east-2' } });
  const program = 'const { STSClient, GetCallerIdentityCommand } = require(process.argv[2]);\nnew STSClient({}).send(new GetCallerIdentityCommand({})).then(({ Arn }) => console.log(Arn));';
  await to.s3.putObject({ Bucket: 'sources', Key: 'app.zip', Body: smallZip({ 'bin/who.js': program }) });
  const buildspec = JSON.stringify({ version: '0.2', phases: { build: { commands: [`NODE_NO_WARNINGS=1 node bin/who.js ${require.resolve('@aws-sdk/client-sts')}`] } } });
  await makeProject(to, {}, { name: 'sourced', source: { type: 'S3', location: 'sources/app.zip', buildspec } });

  const build = await finished(await started('sourced'));

  expect(await linesOf(to, '/aws/codebuild/sourced', build.logs!.streamName!)).toEqual([
    expect.stringMatching(new RegExp(`^arn:aws:sts::${cloud.account}:assumed-role/role-of-codebuild/AWSCodeBuild-[0-9a-f-]{36}$`)),
  ]);
});

test('a source that is not there fails the build before its first command', async () => {
  await to.s3.createBucket({ Bucket: 'sources', CreateBucketConfiguration: { LocationConstraint: 'us-east-2' } });
  await makeProject(to, {}, { name: 'lost', source: { type: 'S3', location: 'sources/none.zip', buildspec: '{"version": "0.2"}' } });

  const build = await finished(await started('lost'));

  expect([build.buildStatus, ...phasesOf(build).slice(3)]).toEqual(['FAILED', 'DOWNLOAD_SOURCE FAILED', 'FINALIZING SUCCEEDED', 'COMPLETED']);
});

/** A build that has written its first line, and goes on until somebody ends it. */
async function endless(more: object = {}): Promise<string> {
  const phases = { build: { commands: ['echo begun', 'setsid sleep 300 & sleep 300'] }, post_build: { commands: ['echo never'] } };
  const id = await started(await makeProject(to, phases), more);
  await until(async () => {
    const [, logStreamName] = id.split(':');
    return (await linesOf(to, '/aws/codebuild/images', logStreamName).catch((): string[] => [])).includes('begun');
  });
  return id;
}

test('a container that is killed ends the build there, with all that ran in it', async () => {
  const id = await endless();

  await cloud.services.codeBuild.killContainer(id);

  const build = await finished(id);
  expect([build.buildStatus, ...phasesOf(build).slice(6)]).toEqual(['FAILED', 'BUILD FAILED', 'COMPLETED']);
  expect(await linesOf(to, '/aws/codebuild/images', build.logs!.streamName!)).toEqual(['begun']);
});

test('a build is stopped on demand', async () => {
  const id = await endless();

  await to.codeBuild.stopBuild({ id });

  expect((await finished(id)).buildStatus).toBe('STOPPED');
});

test('a build ends with its time', async () => {
  cloud.services.codeBuild.settings.minuteMs = 200;
  const id = await endless({ timeoutInMinutesOverride: 5 });

  const build = await finished(id);

  expect([build.buildStatus, ...phasesOf(build).slice(6)]).toEqual(['TIMED_OUT', 'BUILD TIMED_OUT', 'COMPLETED']);
  expect(build.phases!.find(({ phaseType }) => phaseType === 'BUILD')!.contexts).toMatchObject([{ statusCode: 'BUILD_TIMED_OUT' }]);
});

test('the same token starts one build', async () => {
  await makeProject(to, { build: { commands: ['true'] } });
  const begin = (value: string) => to.codeBuild.startBuild({ projectName: 'images', idempotencyToken: 't', environmentVariablesOverride: [{ name: 'A', value }] });

  const [first, second] = [await begin('1'), await begin('1')];

  expect(second.build!.id).toBe(first.build!.id);
  await expect(begin('2')).rejects.toThrow('idempotency token');
});

test('a role that does not trust CodeBuild makes no project', async () => {
  const role = await serviceRole(to, 'lambda');

  await expect(makeProject(to, {}, { serviceRole: role })).rejects.toThrow(`CodeBuild is not authorized to perform: sts:AssumeRole on ${role}`);
});
