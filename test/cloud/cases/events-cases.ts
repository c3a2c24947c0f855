import { codeOf, type Cases } from './case';

const EventPattern = '{"source":["mine"]}';
const TARGET = { Id: 't', Arn: 'arn:aws:lambda:us-east-2:123456789012:function:f' };

/** What EventBridge and SNS do. How events reach targets is in `events.test.ts`. */
export const EVENTS_CASES: Cases = {
  'events:PutRule': async ({ cloud, to: { events } }) => {
    const { RuleArn } = await events.putRule({ Name: 'r', EventPattern });
    expect(RuleArn).toBe(`arn:aws:events:${cloud.region}:${cloud.account}:rule/r`);
    expect(await codeOf(events.putRule({ Name: 'r', EventPattern: '{"source":"mine"}' }))).toBe('InvalidEventPatternException');
    expect(await codeOf(events.putRule({ Name: 'r', ScheduleExpression: 'daily' }))).toBe('ValidationException');
    expect(await codeOf(events.putRule({ Name: 'r' }))).toBe('ValidationException');
  },
  'events:DescribeRule': async ({ to: { events } }) => {
    await events.putRule({ Name: 'r', ScheduleExpression: 'cron(0 3 ? * MON *)' });
    expect(await events.describeRule({ Name: 'r' })).toMatchObject({ ScheduleExpression: 'cron(0 3 ? * MON *)', State: 'ENABLED' });
    expect(await codeOf(events.describeRule({ Name: 'none' }))).toBe('ResourceNotFoundException');
  },
  'events:ListRules': async ({ to: { events } }) => {
    await events.putRule({ Name: 'r', EventPattern });
    expect((await events.listRules({})).Rules).toMatchObject([{ Name: 'r', EventPattern }]);
  },
  'events:EnableRule': async ({ to: { events } }) => {
    await events.putRule({ Name: 'r', EventPattern, State: 'DISABLED' });
    await events.enableRule({ Name: 'r' });
    expect((await events.describeRule({ Name: 'r' })).State).toBe('ENABLED');
  },
  'events:DisableRule': async ({ to: { events } }) => {
    await events.putRule({ Name: 'r', EventPattern });
    await events.disableRule({ Name: 'r' });
    expect((await events.describeRule({ Name: 'r' })).State).toBe('DISABLED');
  },
  'events:DeleteRule': async ({ to: { events } }) => {
    await events.putRule({ Name: 'r', EventPattern });
    await events.putTargets({ Rule: 'r', Targets: [TARGET] });
    expect(await codeOf(events.deleteRule({ Name: 'r' }))).toBe('ValidationException');
    await events.removeTargets({ Rule: 'r', Ids: ['t'] });
    for (const Name of ['r', 'r']) { await events.deleteRule({ Name }); }
    expect((await events.listRules({})).Rules).toEqual([]);
  },
  'events:PutTargets': async ({ to: { events } }) => {
    await events.putRule({ Name: 'r', EventPattern });
    expect(await events.putTargets({ Rule: 'r', Targets: [TARGET] })).toMatchObject({ FailedEntryCount: 0 });
    const many = ['1', '2', '3', '4', '5'].map((Id) => ({ ...TARGET, Id }));
    expect(await codeOf(events.putTargets({ Rule: 'r', Targets: many }))).toBe('LimitExceededException');
  },
  'events:RemoveTargets': async ({ to: { events } }) => {
    await events.putRule({ Name: 'r', EventPattern });
    await events.putTargets({ Rule: 'r', Targets: [TARGET, { ...TARGET, Id: 'u' }] });
    await events.removeTargets({ Rule: 'r', Ids: ['t'] });
    expect((await events.listTargetsByRule({ Rule: 'r' })).Targets).toMatchObject([{ Id: 'u' }]);
  },
  'events:ListTargetsByRule': async ({ to: { events } }) => { expect(await codeOf(events.listTargetsByRule({ Rule: 'none' }))).toBe('ResourceNotFoundException'); },
  'events:PutEvents': async ({ cloud, to: { events } }) => {
    const { Entries } = await events.putEvents({
      Entries: [{ Source: 'mine', DetailType: 't', Detail: '{"a":1}' }, { Source: 'aws.codebuild', DetailType: 't', Detail: '{}' }],
    });
    expect(Entries).toMatchObject([{ EventId: expect.any(String) }, { ErrorCode: 'NotAuthorizedForSourceException' }]);
    expect(cloud.services.events.seen).toMatchObject([{ 'source': 'mine', 'detail-type': 't', 'detail': { a: 1 } }]);
  },
  'sns:Publish': async ({ cloud, to: { sns } }) => {
    const { TopicArn } = await sns.createTopic({ Name: 't' });
    await sns.publish({ TopicArn, Subject: 's', Message: 'm' });
    expect(cloud.services.notifications.sent).toEqual([{ topicArn: TopicArn, subject: 's', message: 'm' }]);
    expect(await codeOf(sns.publish({ TopicArn: `${TopicArn}-none`, Message: 'm' }))).toMatch(/^NotFound/);
    expect(cloud.services.notifications.sent).toHaveLength(1);
  },
};
