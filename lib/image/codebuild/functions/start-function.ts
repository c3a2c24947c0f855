import { ANSWERING_RESOURCE, inlineCode } from './answering';
import { WAIT_PREFIX } from '../state-bucket';

/**
 * Starts the build of a deployment, and says where its end is waited for. A deployment that waits longer than one condition can
 * has several parts: the later ones only say where to tell them. An image that is there as it is declared is not built again,
 * as after a rollback. A build whose project goes is stopped: it would lose its role anyway.
 */
export const START_FUNCTION = inlineCode(`
const { createHash } = require('crypto');
const { CodeBuild } = require('@aws-sdk/client-codebuild');
const { EC2 } = require('@aws-sdk/client-ec2');
const { S3 } = require('@aws-sdk/client-s3');
const { SSM } = require('@aws-sdk/client-ssm');
const projectName = process.env.PROJECT;
const Bucket = process.env.BUCKET;
const codebuild = new CodeBuild();
const act = async ({ RequestType, RequestId, ResourceProperties: asked }) => {
  const part = Number(asked.Part);
  if (RequestType === 'Delete') { return part ? {} : stop(); }
  const deployment = createHash('sha256').update(asked.FirstHandle).digest('hex').slice(0, 32);
  const folder = '${WAIT_PREFIX}' + deployment + '/';
  const s3 = new S3();
  if (!part && await isThere(asked)) {
    const end = { Status: 'SUCCESS', UniqueId: deployment, Reason: 'It is there already', Data: '' };
    await s3.putObject({ Bucket, Key: folder + 'end', Body: JSON.stringify(end) });
    await tell(asked.Handle, end);
    return {};
  }
  const goesOnAt = asked.GoesOnSeconds && Date.now() + asked.GoesOnSeconds * 1000;
  await s3.putObject({ Bucket, Key: folder + part, Body: JSON.stringify({ url: asked.Handle, goesOnAt }) });
  if (part) {
    const Key = folder + 'end';
    const { Contents = [] } = await s3.listObjectsV2({ Bucket, Prefix: Key });
    if (Contents.length) { await tell(asked.Handle, JSON.parse(await (await s3.getObject({ Bucket, Key })).Body.transformToString())); }
    return {};
  }
  const { build } = await codebuild.startBuild({
    projectName, idempotencyToken: RequestId, environmentVariablesOverride: [{ name: 'GOLDEN_DEPLOYMENT', value: deployment }],
  });
  console.log(build.id);
  return {};
};
const isThere = async ({ Parameter, DefinitionHash, DeliveryHash }) => {
  try {
    const { Parameter: { Value } } = await new SSM().getParameter({ Name: Parameter });
    const { Images: [image] } = await new EC2().describeImages({ ImageIds: [Value], Owners: ['self'] });
    const tags = Object.fromEntries(image.Tags.map(({ Key, Value }) => [Key, Value]));
    return image.State === 'available' && tags['golden:state'] === 'published'
      && tags['golden:definition-hash'] === DefinitionHash && tags['golden:delivery-hash'] === DeliveryHash;
  } catch (error) {
    console.log(String(error));
    return false;
  }
};
const stop = async () => {
  for (let attempt = 0; attempt < 30; attempt++) {
    const { ids = [] } = await codebuild.listBuildsForProject({ projectName });
    const { builds } = ids.length ? await codebuild.batchGetBuilds({ ids: ids.slice(0, 50) }) : { builds: [] };
    const running = builds.filter(({ buildStatus }) => buildStatus === 'IN_PROGRESS');
    if (!running.length) { break; }
    for (const { id } of running) { await codebuild.stopBuild({ id }); }
    await pause(2000);
  }
  return {};
};
${ANSWERING_RESOURCE}`);
