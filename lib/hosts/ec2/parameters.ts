import { AddTagsToResourceCommand, DeleteParameterCommand, GetParameterCommand, PutParameterCommand } from '@aws-sdk/client-ssm';
import { awsCode } from './aws-errors';
import type { Cloud } from './cloud';
import { GONE } from './not-yet';
import { awsTags, TAGS, type TagMap } from './tags';
import { GoldenError } from '../../errors';
import type { Plan } from '../../plan/model';
import type { DeadBuild } from '../../ports/host';

/** How long SSM may look at an AMI. */
const HELD_MS = 60_000;
const FIRST_LOOK_MS = 100;
const LONGEST_LOOK_MS = 2_000;

/** How long after it was asked to SSM may still write what nobody waited for. */
const SETTLED_MS = 10_000;

/** The act under which it is recorded that a parameter is to name an image. */
export const TOLD = 'ec2-parameter';

export interface PublishedId {
  readonly imageId: string;
  readonly buildKey: string;
  /** What the parameter names until now, where that was asked already. */
  readonly before?: Promise<string | undefined>;
}

/** What a parameter is made to name before the image is published, and what it named until then. */
export interface ToldParameter {
  readonly region: string;
  readonly name: string;
  readonly imageId: string;
  readonly previous?: string;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  /** Role of another account by which it is reached. */
  readonly roleArn?: string;
}

/** The parameters that a build wrote, or was about to. */
export function toldBy({ intents }: DeadBuild): readonly ToldParameter[] {
  return intents.filter(({ act }) => act === TOLD).map(({ detail }) => detail as unknown as ToldParameter);
}

/** The account of a role, for what needs no more than its parameters. */
export function withinAccount(cloud: Cloud, roleArn: string | undefined): Cloud {
  return roleArn === undefined ? cloud : { ...cloud, clients: cloud.clients.assuming(roleArn) };
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

/** Writes an AMI ID into the parameter of a plan, where it does not hold it. Returns a line where it was written; `tell` gets to know before. */
export async function publishParameter(
  cloud: Cloud, region: string, plan: Plan, { imageId, buildKey, before }: PublishedId, signal: AbortSignal,
  tell?: (told: ToldParameter) => Promise<void>,
): Promise<readonly string[]> {
  const { parameterName: Name } = plan.delivery;
  const previous = await (before ?? publishedId(cloud, region, Name, signal));
  if (previous === imageId) { return []; }
  await tell?.({ region, name: Name, imageId, ...previous !== undefined && { previous }, at: cloud.clock.now() });
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
  await whenHeld(cloud, region, Name, imageId, signal);
  return [`wrote ${imageId} into ${Name} in ${region}`];
}

/** SSM answers, and then looks whether there is such an AMI: only then the parameter is there, or has another value. Errors: `parameter-not-written`. */
async function whenHeld(cloud: Cloud, region: string, name: string, imageId: string, signal?: AbortSignal): Promise<void> {
  const deadline = cloud.clock.now() + HELD_MS;
  for (let pause = FIRST_LOOK_MS; await publishedId(cloud, region, name, signal) !== imageId; pause = Math.min(LONGEST_LOOK_MS, pause * 2)) {
    if (cloud.clock.now() > deadline) {
      throw new GoldenError('parameter-not-written', `SSM did not write ${imageId} into the parameter ${name} in ${region}`, {
        hint: 'It takes only AMIs that whoever writes can see: the role needs ec2:DescribeImages there, and in other accounts the image has to be shared with them.',
      });
    }
    await cloud.clock.sleep(pause, signal);
  }
}

/** Has a parameter of somebody else name an image, where it is there. Returns a line where that changed it. */
export async function overwriteParameter(cloud: Cloud, region: string, name: string, imageId: string): Promise<readonly string[]> {
  const previous = await publishedId(cloud, region, name);
  if (previous === undefined || previous === imageId) { return []; }
  await nameImage(cloud, region, name, imageId);
  await whenHeld(cloud, region, name, imageId);
  return [`wrote ${imageId} into ${name} in ${region}`];
}

async function nameImage(cloud: Cloud, region: string, Name: string, Value: string): Promise<void> {
  await cloud.clients.ssm(region).send(new PutParameterCommand({ Name, Value, Type: 'String', DataType: 'aws:ec2:image', Overwrite: true }));
}

/** Gives parameters back what they named before an image that was not published in the end. Returns a line for each. */
export async function retractParameters(cloud: Cloud, told: readonly ToldParameter[]): Promise<readonly string[]> {
  const lines = await Promise.all(told.map(async (each) => {
    const { region, name: Name, imageId, previous, roleArn } = each;
    const there = withinAccount(cloud, roleArn);
    if (!await comesToBeNamed(there, each)) { return []; }
    if (previous === undefined) { return removeParameter(there, region, Name); }
    await nameImage(there, region, Name, previous);
    return [`${imageId} from the parameter ${Name} in ${region}, which names ${previous} again`];
  }));
  return lines.flat();
}

/** Whoever told of it may have ended before SSM wrote it. */
async function comesToBeNamed(there: Cloud, { region, name, imageId, at }: ToldParameter): Promise<boolean> {
  // By the clock of another computer it may be asked tomorrow; older journals do not say when.
  const until = Math.min(at, there.clock.now()) + SETTLED_MS;
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(LONGEST_LOOK_MS, pause * 2)) {
    const isSettled = !(there.clock.now() < until);
    if (await publishedId(there, region, name) === imageId) { return true; }
    if (isSettled) { return false; }
    await there.clock.sleep(pause);
  }
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
