import {
  CreateTagsCommand, DeleteTagsCommand, DisableImageDeprecationCommand, DisableImageDeregistrationProtectionCommand, EnableImageDeprecationCommand,
  EnableImageDeregistrationProtectionCommand, ModifyImageAttributeCommand, type Image,
} from '@aws-sdk/client-ec2';
import type { Cloud } from './cloud';
import { formerTags } from './given-tags';
import { describeImage } from './image-request';
import { NOT_YET } from './not-yet';
import { idsOf } from './own-images';
import { shareImage } from './sharing';
import { awsTags, deliveryTags, nameTag, TAGS, tagOf } from './tags';
import type { Plan } from '../../plan/model';

const DAY_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;

/** Of no interest to users. */
const OWN_TAGS: ReadonlySet<string> = new Set(Object.values(TAGS));

/**
 * Makes an image in a region what the plan wants it to be, but for its protection. Changes only what differs. Returns a line for each change.
 * @param shared whether somebody may have shared it; what is known to be nobody's else need not be asked
 */
export async function settleImage(
  cloud: Cloud, region: string, image: Image, plan: Plan, signal: AbortSignal, { shared = true } = {},
): Promise<readonly string[]> {
  const lines = await Promise.all([
    shareImage(cloud, region, image, plan.delivery.sharing, signal, { shared }),
    deprecate(cloud, region, image, plan, signal),
    requireImdsV2(cloud, region, image, plan, signal),
    describeAnew(cloud, region, image, plan, signal),
    tagAnew(cloud, region, image, plan, signal),
  ]);
  return lines.flat();
}

/** Protects an image from being removed by mistake, or lets go of it. Only what is published: a draft has to be removable. */
export async function protectImage(cloud: Cloud, region: string, image: Image, plan: Plan, signal?: AbortSignal): Promise<readonly string[]> {
  const ImageId = image.ImageId!;
  const wanted = plan.delivery.deregistrationProtection;
  const actual = image.DeregistrationProtection?.startsWith('enabled') ? image.DeregistrationProtection : undefined;
  const hasCooldown = actual?.endsWith('with-cooldown') ?? false;
  if (!wanted && !actual || wanted && actual && hasCooldown === (wanted === 'enabled-with-cooldown')) { return []; }
  const ec2 = cloud.clients.ec2(region);
  if (!wanted) {
    await ec2.send(new DisableImageDeregistrationProtectionCommand({ ImageId }), { signal, notYet: NOT_YET });
    return [`no longer protected ${ImageId} in ${region} from deregistration`];
  }
  const WithCooldown = wanted === 'enabled-with-cooldown';
  await ec2.send(new EnableImageDeregistrationProtectionCommand({ ImageId, WithCooldown }), { signal, notYet: NOT_YET });
  return [`protected ${ImageId} in ${region} from deregistration`];
}

/** Minutes are what AWS keeps of it. */
export function deprecationTime(created: Date, days: number): Date {
  return new Date(Math.ceil((created.getTime() + days * DAY_MS) / MINUTE_MS) * MINUTE_MS);
}

async function deprecate(cloud: Cloud, region: string, image: Image, { delivery }: Plan, signal: AbortSignal): Promise<readonly string[]> {
  const ImageId = image.ImageId!;
  const ec2 = cloud.clients.ec2(region);
  if (delivery.deprecateAfterDays === undefined) {
    if (!image.DeprecationTime) { return []; }
    await ec2.send(new DisableImageDeprecationCommand({ ImageId }), { signal, notYet: NOT_YET });
    return [`no longer deprecated ${ImageId} in ${region}`];
  }
  // A copy grows old with what it is a copy of, but is as young as it is.
  const at = deprecationTime(image.CreationDate ? new Date(image.CreationDate) : new Date(cloud.clock.now()), delivery.deprecateAfterDays);
  if (image.DeprecationTime && Math.abs(new Date(image.DeprecationTime).getTime() - at.getTime()) <= MINUTE_MS) { return []; }
  // What is past cannot be set, and what is over is over.
  const earliest = new Date(cloud.clock.now() + 2 * MINUTE_MS);
  if (at < earliest && image.DeprecationTime && new Date(image.DeprecationTime) <= earliest) { return []; }
  const DeprecateAt = at < earliest ? earliest : at;
  await ec2.send(new EnableImageDeprecationCommand({ ImageId, DeprecateAt }), { signal, notYet: NOT_YET });
  return [`deprecated ${ImageId} in ${region} from ${DeprecateAt.toISOString().slice(0, 16)}Z on`];
}

async function requireImdsV2(cloud: Cloud, region: string, image: Image, { delivery }: Plan, signal: AbortSignal): Promise<readonly string[]> {
  // It cannot be taken back: an image that has it keeps it.
  if (!delivery.imdsV2 || image.ImdsSupport === 'v2.0') { return []; }
  const change = new ModifyImageAttributeCommand({ ImageId: image.ImageId, ImdsSupport: { Value: 'v2.0' } });
  await cloud.clients.ec2(region).send(change, { signal, notYet: NOT_YET });
  return [`made instances of ${image.ImageId} in ${region} require IMDSv2`];
}

async function describeAnew(cloud: Cloud, region: string, image: Image, plan: Plan, signal: AbortSignal): Promise<readonly string[]> {
  const wanted = describeImage(plan);
  if (image.Description === wanted) { return []; }
  const change = new ModifyImageAttributeCommand({ ImageId: image.ImageId, Description: { Value: wanted } });
  await cloud.clients.ec2(region).send(change, { signal, notYet: NOT_YET });
  return [`described ${image.ImageId} in ${region} anew`];
}

async function tagAnew(cloud: Cloud, region: string, image: Image, plan: Plan, signal: AbortSignal): Promise<readonly string[]> {
  const { ImageId, Tags } = image;
  const ec2 = cloud.clients.ec2(region);
  const Resources = [...idsOf(image)];
  const former = formerTags(Tags, tagOf(Tags, TAGS.given), plan.delivery.tags);
  const removed = former.filter(({ Key }) => Key !== 'Name');
  // Before it is written which are given now. With their values: what somebody changes meanwhile stays.
  if (removed.length > 0) { await ec2.send(new DeleteTagsCommand({ Resources, Tags: [...removed] }), { signal, notYet: NOT_YET }); }
  const wanted = { ...former.length > removed.length && nameTag(plan), ...deliveryTags(plan) };
  const differing = Object.entries(wanted).filter(([key, value]) => tagOf(Tags, key) !== value);
  if (differing.length > 0) {
    await ec2.send(new CreateTagsCommand({ Resources, Tags: awsTags(Object.fromEntries(differing)) }), { signal, notYet: NOT_YET });
  }
  return [
    ...removed.map(({ Key }) => `took the tag ${Key} from ${ImageId} in ${region}`),
    ...differing.filter(([key]) => !OWN_TAGS.has(key)).map(([key]) => `tagged ${ImageId} in ${region} with ${key}`),
  ];
}
