import { ANSWERING, inlineCode } from './answering';
import { TOLD_PREFIX, WAIT_PREFIX } from '../state-bucket';

/**
 * Tells those who wait how a build ended, whatever ended it: EventBridge calls it when the state of a build changes. Where it is
 * called by the clock, it tells conditions that are about to expire that the build goes on. All of it may happen twice.
 */
export const END_FUNCTION = inlineCode(`
const { CodeBuild } = require('@aws-sdk/client-codebuild');
const { CloudWatchLogs } = require('@aws-sdk/client-cloudwatch-logs');
const { S3 } = require('@aws-sdk/client-s3');
const Bucket = process.env.BUCKET;
const s3 = new S3();
exports.handler = async ({ detail }) => detail['build-id'] ? ended(detail['build-id'].split('/').pop()) : tick();
const ended = async (id) => {
  const { builds: [build] } = await new CodeBuild().batchGetBuilds({ ids: [id] });
  const { buildStatus, environment, startTime } = build;
  if (buildStatus === 'IN_PROGRESS') { return; }
  const variable = (name) => (environment.environmentVariables.find((each) => each.name === name) || {}).value;
  const good = buildStatus === 'SUCCEEDED';
  const Reason = good ? 'Built' : await reasonOf(build);
  const deployment = variable('GOLDEN_DEPLOYMENT');
  if (deployment) {
    const folder = '${WAIT_PREFIX}' + deployment + '/';
    const end = { Status: good ? 'SUCCESS' : 'FAILURE', UniqueId: deployment, Reason, Data: '' };
    await s3.putObject({ Bucket, Key: folder + 'end', Body: JSON.stringify(end) });
    for (const { wait } of await waits(folder)) { await tell(wait.url, end); }
  }
  await notify(id, variable, good, Reason, startTime);
};
const reasonOf = async ({ id, buildStatus, logs = {}, phases = [] }) => {
  const messages = phases.flatMap(({ contexts = [] }) => contexts.map(({ message }) => message)).filter(Boolean);
  let lines = [];
  try {
    const { groupName: logGroupName, streamName: logStreamName } = logs;
    const { events } = await new CloudWatchLogs().getLogEvents({ logGroupName, logStreamName, limit: 100 });
    lines = events.map(({ message }) => message.trim()).filter((line) => line && !line.startsWith('[Container]'));
  } catch (error) { console.log(String(error)); }
  const said = printable((lines.length ? lines : messages).join('\\n'), 1e6).slice(-600);
  return printable('CodeBuild ' + id + ': ' + buildStatus + '. ' + said + ' (log: ' + (logs.deepLink || logs.groupName) + ')', 1500);
};
const waits = async (Prefix) => {
  const { Contents = [] } = await s3.listObjectsV2({ Bucket, Prefix });
  const found = Contents.filter(({ Key }) => !Key.endsWith('/end')).map(async ({ Key }) => {
    const { Body } = await s3.getObject({ Bucket, Key });
    return { Key, wait: JSON.parse(await Body.transformToString()) };
  });
  return Promise.all(found);
};
const tick = async () => {
  for (const { Key, wait } of await waits('${WAIT_PREFIX}')) {
    if (!wait.goesOnAt || Date.now() < wait.goesOnAt) { continue; }
    await tell(wait.url, { Status: 'SUCCESS', UniqueId: Key.split('/')[1], Reason: 'It goes on', Data: '' });
    await s3.deleteObject({ Bucket, Key });
  }
};
const notify = async (id, variable, good, reason, startTime) => {
  const TopicArn = process.env.TOPIC;
  const task = variable('GOLDEN_TASK');
  if (!TopicArn || (good && task === 'destroy')) { return; }
  const Key = '${TOLD_PREFIX}' + id;
  if (await s3.headObject({ Bucket, Key }).then(() => true, () => false)) { return; }
  let text = reason;
  if (good) {
    const { SSM } = require('@aws-sdk/client-ssm');
    const { Parameter } = await new SSM().getParameter({ Name: variable('GOLDEN_PARAMETER') });
    if (Parameter.LastModifiedDate < startTime) { return; }
    text = 'Built ' + Parameter.Value;
  }
  const { SNS } = require('@aws-sdk/client-sns');
  const Subject = printable((good ? 'Built: ' : 'Failed: ') + process.env.IMAGE, 99);
  await new SNS().publish({ TopicArn, Subject, Message: process.env.IMAGE + ': ' + text });
  await s3.putObject({ Bucket, Key, Body: '' });
};
${ANSWERING}`);
