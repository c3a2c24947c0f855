import { CreateTagsCommand, type Image } from '@aws-sdk/client-ec2';
import { awsMessage } from './aws-errors';
import type { Cloud } from './cloud';
import { NOT_YET } from './not-yet';
import { publishedId, publishParameter, removeParameter, withinAccount, type PublishedId, type ToldParameter } from './parameters';
import { awsTags, TAGS, tagOf } from './tags';
import { GoldenError } from '../../errors';
import type { ConsumerSpec } from '../../plan/delivery';
import type { Plan } from '../../plan/model';
import { partitionOf } from '../../policies/partition';

/** AWS takes no longer values of tags. */
const VALUE_LENGTH = 256;

/** The role of another account by which its parameter is written. */
export function deliveryRoleArn({ account, region, roleName }: ConsumerSpec): string {
  return `arn:${partitionOf(region)}:iam::${account}:role/${roleName}`;
}

/** Sees to it, before anything is done, that the accounts whose stacks use an image let it become known there. Errors: `no-delivery-role`. */
export async function guardConsumers(cloud: Cloud, { delivery: { consumers = [] }, image }: Plan): Promise<void> {
  await Promise.all(consumers.map((consumer) => asConsumer(cloud, consumer, image, (there) => there.clients.callerIdentity(consumer.region))));
}

/** Writes the AMI IDs into the parameters of other accounts whose stacks use the image. Returns a line for each that was written. */
export async function publishToConsumers(
  cloud: Cloud, plan: Plan, places: ReadonlyMap<string, Image>, buildKey: string, signal: AbortSignal, tell?: (told: ToldParameter) => Promise<void>,
): Promise<readonly string[]> {
  const { consumers = [] } = plan.delivery;
  const lines = await Promise.all(consumers.map((consumer) => asConsumer(cloud, consumer, plan.image, async (there) => {
    const { region, account } = consumer;
    const published: PublishedId = { imageId: imageIn(places, consumer, plan), buildKey };
    const roleArn = deliveryRoleArn(consumer);
    const told = await publishParameter(there, region, plan, published, signal, tell && ((each) => tell({ ...each, roleArn })));
    return told.map((line) => `${line} of the account ${account}`);
  })));
  return lines.flat();
}

/** Says on an image where other accounts were told of it, before they are: whoever removes it finds them by that. */
export async function recordConsumers(cloud: Cloud, region: string, image: Image, plan: Plan, signal: AbortSignal): Promise<void> {
  const known = recordedConsumers(image);
  const all = [...known];
  for (const consumer of plan.delivery.consumers ?? []) {
    if (!all.some((each) => textOf(each) === textOf(consumer))) { all.push(consumer); }
  }
  // Those that the tag has no room for are known by the plan only.
  let value = '';
  for (const text of all.map(textOf)) { value = `${value} ${text}`.length > VALUE_LENGTH ? value : `${value} ${text}`.trim(); }
  if (all.length === known.length || value === (tagOf(image.Tags, TAGS.consumers) ?? '')) { return; }
  await cloud.clients.ec2(region).send(new CreateTagsCommand({
    Resources: [image.ImageId!], Tags: awsTags({ [TAGS.consumers]: value }),
  }), { signal, notYet: NOT_YET });
}

/** Where other accounts were told of an image, by what it says itself. */
export function recordedConsumers({ Tags }: Image): readonly ConsumerSpec[] {
  const texts = (tagOf(Tags, TAGS.consumers) ?? '').split(' ').filter((text) => text !== '');
  return texts.map((text) => {
    const [account, region, ...name] = text.split(':');
    return { account, region, roleName: name.join(':') };
  });
}

/** A parameter of another account that names an image. */
export interface ConsumerParameter {
  /** For people. */
  readonly what: string;
  readonly remove: () => Promise<readonly string[]>;
}

/** The parameters in other accounts that name an image or one of its copies. */
export async function consumerParameters(
  cloud: Cloud, consumers: readonly ConsumerSpec[], parameterName: string, imageIds: ReadonlySet<string>, image: string,
): Promise<readonly ConsumerParameter[]> {
  const found = await Promise.all(consumers.map((consumer) => asConsumer(cloud, consumer, image, async (there) => {
    const { region, account } = consumer;
    const value = await publishedId(there, region, parameterName);
    if (value === undefined || !imageIds.has(value)) { return []; }
    return [{
      what: `parameter ${parameterName} in ${region} of the account ${account}`,
      remove: async () => (await removeParameter(there, region, parameterName)).map((line) => `${line} of the account ${account}`),
    }];
  })));
  return found.flat();
}

/** Does something in the account of a consumer. Errors: `no-delivery-role`. */
async function asConsumer<T>(cloud: Cloud, consumer: ConsumerSpec, image: string, act: (there: Cloud) => Promise<T>): Promise<T> {
  const { account, region, roleName } = consumer;
  try {
    return await act(withinAccount(cloud, deliveryRoleArn(consumer)));
  } catch (error) {
    if (!GoldenError.is(error) || !['role-refused', 'access-denied'].includes(error.code)) { throw error; }
    const { arn } = await cloud.clients.callerIdentity(region);
    throw new GoldenError('no-delivery-role', `Stacks of the account ${account} use the image, and it cannot be told to them: ${awsMessage(error)}`, {
      path: image,
      hint: `Deploy the construct DeliveryRole in the account ${account} first, with the name ${roleName} and who builds among its builders: ${arn}. `
        + `Who builds needs sts:AssumeRole on ${deliveryRoleArn(consumer)}.`,
      cause: error,
    });
  }
}

function imageIn(places: ReadonlyMap<string, Image>, { account, region }: ConsumerSpec, { image }: Plan): string {
  const found = places.get(region);
  if (found) { return found.ImageId!; }
  throw new GoldenError('no-copy', `Stacks of the account ${account} use the image in ${region}, where it is not copied to`, {
    kind: 'invalid', path: image, hint: `Add ${region} to the regions of its distribution.`,
  });
}

function textOf({ account, region, roleName }: ConsumerSpec): string {
  return `${account}:${region}:${roleName}`;
}
