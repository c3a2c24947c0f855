import { ANSWERING_RESOURCE, inlineCode } from './answering';

/**
 * Reads the ID of an image that was built. When the resource goes, and the image is to go with it, CodeBuild removes it. Whatever
 * comes of that, the stack can go: what is in use stays, and the log says so.
 */
export const IMAGE_FUNCTION = inlineCode(`
const { CodeBuild } = require('@aws-sdk/client-codebuild');
const { SSM } = require('@aws-sdk/client-ssm');
const act = async ({ RequestType, RequestId, ResourceProperties: asked }, context) => {
  if (RequestType === 'Delete') {
    if (asked.Removal === 'destroy') { await destroy(RequestId, context).catch((error) => console.error(error)); }
    return {};
  }
  return { ImageId: await read(asked.Parameter) };
};
const read = async (Name) => {
  for (let attempt = 1; ; attempt++) {
    try {
      return (await new SSM().getParameter({ Name })).Parameter.Value;
    } catch (error) {
      // What was written a moment ago is not known everywhere.
      if (attempt === 5 || error.name !== 'ParameterNotFound') { throw error; }
      await pause(1000);
    }
  }
};
const destroy = async (idempotencyToken, context) => {
  const codebuild = new CodeBuild();
  const { build: { id } } = await codebuild.startBuild({
    projectName: process.env.PROJECT, idempotencyToken, environmentVariablesOverride: [{ name: 'GOLDEN_TASK', value: 'destroy' }],
  });
  while (context.getRemainingTimeInMillis() > 40000) {
    const { builds: [build] } = await codebuild.batchGetBuilds({ ids: [id] });
    if (build.buildStatus !== 'IN_PROGRESS') { return console.log(id, build.buildStatus); }
    await pause(2000);
  }
  console.error(id, 'takes too long');
};
${ANSWERING_RESOURCE}`);
