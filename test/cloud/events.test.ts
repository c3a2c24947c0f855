import { cloudClients, type CloudClients } from './cloud-clients';
import { makeFunction, makeProject, serviceRole } from './service-fixture';
import { startCloud, type Cloud } from '../support/cloud/cloud';
import { matchesPattern } from '../support/cloud/events/event-pattern';

let cloud: Cloud;
let to: CloudClients;

beforeAll(async () => {
  cloud = await startCloud();
  to = cloudClients(cloud);
});
afterAll(async () => { to.end(); await cloud.stop(); });
afterEach(() => cloud.reset());

/** Waits until everything that was set off has come to rest. */
async function atRest(): Promise<void> {
  const { codeBuild, events, lambda } = cloud.services;
  await codeBuild.settled();
  await events.settled();
  await lambda.settled();
}

/** A function that does nothing, and that a rule may invoke; its ARN. */
async function listener(rule: string): Promise<string> {
  const arn = await makeFunction(to, 'listener', 'exports.handler = async () => {};');
  await to.lambda.addPermission({
    FunctionName: 'listener', StatementId: 's', Action: 'lambda:InvokeFunction', Principal: 'events.amazonaws.com', SourceArn: `arn:aws:events:${cloud.region}:${cloud.account}:rule/${rule}`,
  });
  return arn;
}

const heard = () => cloud.services.lambda.invocations.map(({ event }) => event as any);

test.each<[string, object, boolean]>([
  ['a value of the list', { source: ['a', 'aws.codebuild'] }, true],
  ['another value', { source: ['a'] }, false],
  ['a value further down', { detail: { 'build-status': ['FAILED'] } }, true],
  ['all that is asked for', { source: ['aws.codebuild'], detail: { 'build-status': ['SUCCEEDED'] } }, false],
  ['a beginning', { detail: { 'project-name': [{ prefix: 'gold' }] } }, true],
  ['an end', { detail: { 'project-name': [{ suffix: 'gold' }] } }, false],
  ['anything else', { detail: { 'build-status': [{ 'anything-but': ['IN_PROGRESS'] }] } }, true],
  ['anything but this', { detail: { 'build-status': [{ 'anything-but': 'FAILED' }] } }, false],
  ['something that is there', { detail: { reason: [{ exists: false }] } }, true],
  ['a value in a list of the event', { resources: ['r2'] }, true],
  ['one of two', { $or: [{ source: ['x'] }, { detail: { 'build-status': ['FAILED'] } }] }, true],
])('a pattern asks for %s', (_what, pattern, isMatch) => {
  const event = { source: 'aws.codebuild', resources: ['r1', 'r2'], detail: { 'build-status': 'FAILED', 'project-name': 'golden-images' } };

  expect(matchesPattern(pattern as never, event)).toBe(isMatch);
});

test('a function hears when a build begins and how it ends, and where its log is', async () => {
  await to.events.putRule({ Name: 'builds', EventPattern: JSON.stringify({ 'source': ['aws.codebuild'], 'detail-type': ['CodeBuild Build State Change'], 'detail': { 'project-name': ['images'] } }) });
  await to.events.putTargets({ Rule: 'builds', Targets: [{ Id: 'f', Arn: await listener('builds') }] });
  await makeProject(to, { build: { commands: ['exit 1'] } });

  const { build } = await to.codeBuild.startBuild({ projectName: 'images', environmentVariablesOverride: [{ name: 'HANDLE', value: 'h' }] });
  await atRest();

  const stream = build!.id!.split(':')[1];
  expect(heard().map(({ detail }) => detail['build-status']).sort()).toEqual(['FAILED', 'IN_PROGRESS']);
  expect(heard().find(({ detail }) => detail['build-status'] === 'FAILED')).toMatchObject({
    source: 'aws.codebuild',
    account: cloud.account,
    region: cloud.region,
    resources: [build!.arn],
    detail: {
      'build-id': build!.arn,
      'current-phase': 'COMPLETED',
      'additional-information': {
        'build-complete': true,
        'build-start-time': expect.stringMatching(/^[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M$/),
        'environment': { 'environment-variables': [{ name: 'HANDLE', type: 'PLAINTEXT', value: 'h' }] },
        'logs': {
          'group-name': '/aws/codebuild/images',
          'stream-name': stream,
          'deep-link': `https://console.aws.amazon.com/cloudwatch/home?region=${cloud.region}#logEvent:group=/aws/codebuild/images;stream=${stream}`,
        },
        'phases': expect.arrayContaining([expect.objectContaining({
          'phase-type': 'BUILD', 'phase-status': 'FAILED', 'phase-context': ['COMMAND_EXECUTION_ERROR: Error while executing command: exit 1. Reason: exit status 1'],
        })]),
      },
    },
  });
});

test('a rule reaches no function that does not let it', async () => {
  await to.events.putRule({ Name: 'other', EventPattern: '{"source":["mine"]}' });
  await to.events.putTargets({ Rule: 'other', Targets: [{ Id: 'f', Arn: await listener('builds') }] });

  await to.events.putEvents({ Entries: [{ Source: 'mine', DetailType: 't', Detail: '{}' }] });
  await atRest();

  expect(heard()).toEqual([]);
  expect(cloud.services.deliveries.failed).toMatchObject([{ rule: 'other', reason: 'The function\'s policy does not let the rule invoke it' }]);
});

test('a schedule starts a build with what its target says', async () => {
  const project = await makeProject(to, { build: { commands: ['test "$MODE" = newer'] } });
  await to.events.putRule({ Name: 'nightly', ScheduleExpression: 'rate(1 day)' });
  await to.events.putTargets({
    Rule: 'nightly',
    Targets: [{
      Id: 'p',
      Arn: `arn:aws:codebuild:${cloud.region}:${cloud.account}:project/${project}`,
      RoleArn: await serviceRole(to, 'events'),
      Input: JSON.stringify({ environmentVariablesOverride: [{ name: 'MODE', value: 'newer', type: 'PLAINTEXT' }] }),
    }],
  });

  cloud.services.events.fire(cloud, 'nightly');
  await cloud.services.events.settled();
  await atRest();

  const { ids } = await to.codeBuild.listBuildsForProject({ projectName: project });
  expect((await to.codeBuild.batchGetBuilds({ ids })).builds).toMatchObject([{ buildStatus: 'SUCCEEDED' }]);
});

test('a topic that lets events publish gets the text that a template makes', async () => {
  const { TopicArn } = await to.sns.createTopic({ Name: 'images' });
  await to.events.putRule({ Name: 'news', EventPattern: '{"source":["mine"]}' });
  const InputTransformer = { InputPathsMap: { 'detail-name': '$.detail.name' }, InputTemplate: '"The image <detail-name> is new"' };
  await to.events.putTargets({ Rule: 'news', Targets: [{ Id: 't', Arn: TopicArn, InputTransformer }] });
  const put = async () => { await to.events.putEvents({ Entries: [{ Source: 'mine', DetailType: 't', Detail: '{"name":"Web"}' }] }); await atRest(); };

  await put();
  const Statement = [{ Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sns:Publish', Resource: TopicArn }];
  await to.sns.setTopicAttributes({ TopicArn, AttributeName: 'Policy', AttributeValue: JSON.stringify({ Version: '2012-10-17', Statement }) });
  await put();

  expect(cloud.services.deliveries.failed).toMatchObject([{ reason: 'The topic\'s policy does not let events.amazonaws.com publish' }]);
  expect(cloud.services.notifications.sent).toEqual([{ topicArn: TopicArn, message: 'The image Web is new', by: 'events.amazonaws.com' }]);
});

test('a rule that is disabled, and one without the pattern, stay silent', async () => {
  const Arn = await listener('*');
  await to.events.putRule({ Name: 'off', EventPattern: '{"source":["mine"]}', State: 'DISABLED' });
  await to.events.putRule({ Name: 'else', EventPattern: '{"source":["yours"]}' });
  for (const Rule of ['off', 'else']) { await to.events.putTargets({ Rule, Targets: [{ Id: 'f', Arn }] }); }

  await to.events.putEvents({ Entries: [{ Source: 'mine', DetailType: 't', Detail: '{}' }] });
  await atRest();

  expect(heard()).toEqual([]);
});
