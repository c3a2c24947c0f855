import { AddTagsToResourceCommand, DeleteParameterCommand, GetParameterCommand, PutParameterCommand } from '@aws-sdk/client-ssm';
import { awsCode } from './aws-errors';
import type { Cloud } from './cloud';
import { GONE } from './not-yet';
import { awsTags, TAGS, type TagMap } from './tags';
import type { Plan } from '../../plan/model';

export interface PublishedId {
  readonly imageId: string;
  readonly buildKey: string;
}

/** The AMI ID that a parameter holds in a region. */
export async function publishedId(cloud: Cloud, region: string, Name: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const { Parameter } = await cloud.clients.ssm(region).send(new GetParameterCommand({ Name }), { signal });
    return Parameter?.Value;
  } catch (error) {
    if (awsCode(error) === 'ParameterNotFound') { return undefined; }
    throw error;
  }
}

/** Writes an AMI ID into the parameter of a plan, where it does not hold it. Returns a line where it was written. */
export async function publishParameter(
  cloud: Cloud, region: string, plan: Plan, { imageId, buildKey }: PublishedId, signal: AbortSignal,
): Promise<readonly string[]> {
  const { parameterName: Name } = plan.delivery;
  if (await publishedId(cloud, region, Name, signal) === imageId) { return []; }
  const ssm = cloud.clients.ssm(region);
  const parameter = { Name, Value: imageId, Type: 'String', DataType: 'aws:ec2:image', Description: `AMI of ${plan.image}`.slice(0, 1024) } as const;
  const tags: TagMap = { [TAGS.managed]: 'true', [TAGS.image]: plan.image.slice(0, 256), [TAGS.definitionHash]: plan.definitionHash, [TAGS.buildKey]: buildKey };
  try {
    await ssm.send(new PutParameterCommand({ ...parameter, Tags: awsTags(tags) }), { signal, notYet: ['ParameterNotFound'] });
  } catch (error) {
    if (awsCode(error) !== 'ParameterAlreadyExists') { throw error; }
    // Tags cannot be given to a parameter that is overwritten.
    await ssm.send(new PutParameterCommand({ ...parameter, Overwrite: true }), { signal, notYet: ['ParameterNotFound'] });
    await ssm.send(new AddTagsToResourceCommand({ ResourceType: 'Parameter', ResourceId: Name, Tags: awsTags(tags) }), {
      signal, notYet: ['InvalidResourceId', 'ParameterNotFound'],
    });
  }
  return [`wrote ${imageId} into ${Name} in ${region}`];
}

/** Removes the parameter of a plan. Returns a line where it was there. */
export async function removeParameter(cloud: Cloud, region: string, name: string, signal?: AbortSignal): Promise<readonly string[]> {
  try {
    await cloud.clients.ssm(region).send(new DeleteParameterCommand({ Name: name }), { signal });
    return [`parameter ${name} in ${region}`];
  } catch (error) {
    if (GONE.has(awsCode(error))) { return []; }
    throw error;
  }
}
