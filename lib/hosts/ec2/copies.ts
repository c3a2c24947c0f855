import { createHash } from 'crypto';
import { CopyImageCommand, CreateTagsCommand, type Image } from '@aws-sdk/client-ec2';
import { awsCode } from './aws-errors';
import { whenAvailable } from './capture';
import type { Cloud } from './cloud';
import { removeImage } from './image-removal';
import { NOT_YET } from './not-yet';
import { copyOf, copyRegions, ownImages } from './own-images';
import { awsTags, TAGS, tagFilter, tagSpecifications, type TagMap } from './tags';
import { GoldenError } from '../../errors';
import type { RegionSpec } from '../../plan/delivery';
import type { Plan } from '../../plan/model';
import { wantedRegions } from '../../policies/regions';
import type { HostContext } from '../../ports/host';

const ATTEMPTS = 2;

/** An image, and what its copies have to have. */
export interface CopyRequest {
  readonly plan: Plan;
  readonly region: string;
  readonly image: Image;
  /** Tags of the copies and their snapshots. */
  readonly tags: TagMap;
}

/**
 * Sees to it that an image is in all regions that the plan names, all at the same time. Those that are there or on their way are
 * waited for; those that fail are removed, and made once more. Returns the copies, and the regions where one was made.
 */
export async function copyImage(
  cloud: Cloud, request: CopyRequest, context: HostContext,
): Promise<{ readonly copies: ReadonlyMap<string, Image>; readonly made: readonly string[] }> {
  const wanted = wantedRegions(request.plan, request.region);
  await recordRegions(cloud, request, wanted.map(({ region }) => region), context.signal);
  // All of them come to an end, so that nothing goes on behind the back of a build that ends.
  const results = await Promise.allSettled(wanted.map((region) => ensureCopy(cloud, region, request, context)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) { throw failed.reason; }
  const done = results.map((result) => (result as PromiseFulfilledResult<{ readonly image: Image; readonly isNew: boolean }>).value);
  return {
    copies: new Map(done.map(({ image }, index) => [wanted[index].region, image])),
    made: wanted.filter((_, index) => done[index].isNew).map(({ region }) => region),
  };
}

/** Says on an image where its copies are, before there are any: whoever cleans up finds them by that. */
async function recordRegions(cloud: Cloud, { image, region }: CopyRequest, wanted: readonly string[], signal: AbortSignal): Promise<void> {
  const known = copyRegions(image);
  const all = [...new Set([...known, ...wanted])].sort();
  if (all.length === known.length) { return; }
  await cloud.clients.ec2(region).send(new CreateTagsCommand({
    Resources: [image.ImageId!], Tags: awsTags({ [TAGS.regions]: all.join(' ') }),
  }), { signal, notYet: NOT_YET });
}

async function ensureCopy(
  cloud: Cloud, spec: RegionSpec, request: CopyRequest, context: HostContext,
): Promise<{ readonly image: Image; readonly isNew: boolean }> {
  const { region } = spec;
  const { signal, buildId } = context;
  const { plan, image: original } = request;
  await removeFailed(cloud, region, original);
  let existing = await copyOf(cloud, region, original.ImageId!, signal);
  const isNew = existing === undefined;
  for (let attempt = 1; ; attempt++) {
    const imageId = existing?.ImageId ?? await startCopy(cloud, spec, request, attempt, context);
    cloud.leases.add(region, { buildId, leaseMinutes: plan.builder.leaseMinutes }, imageId);
    const image = await whenAvailable(cloud, region, imageId, signal);
    if (image.State === 'available') { return { image, isNew }; }
    await removeImage(cloud, region, image);
    const reason = image.StateReason?.Message ?? `its state is ${image.State}`;
    if (attempt === ATTEMPTS) {
      throw new GoldenError('copy-failed', `EC2 could not copy ${original.ImageId} to ${region}, twice: ${reason}`, {
        path: plan.image, hint: 'Where a KMS key encrypts the copy, see that it is one of that region, enabled, and that the role may use it. Else build again.',
      });
    }
    context.report({ type: 'notice', level: 'warning', message: `EC2 could not copy ${original.ImageId} to ${region}: ${reason}. It is copied once more.` });
    existing = undefined;
  }
}

async function startCopy(
  cloud: Cloud, { region, encryptionKey }: RegionSpec, { plan, image, region: home, tags }: CopyRequest, attempt: number, context: HostContext,
): Promise<string> {
  const { signal, buildId } = context;
  const key = encryptionKey && await context.late(encryptionKey);
  const name = image.Name!;
  const asked = {
    Name: name,
    Description: image.Description,
    SourceImageId: image.ImageId,
    SourceRegion: home,
    Encrypted: plan.delivery.encryption.encrypted || key !== undefined || undefined,
    KmsKeyId: key,
    TagSpecifications: tagSpecifications(['image', 'snapshot'], { ...tags, [TAGS.copyOf]: image.ImageId! }),
  };
  const ClientToken = createHash('sha256').update(JSON.stringify([buildId, 'copy', region, attempt, asked])).digest('hex');
  await context.intend('ec2-copy', { region, buildId, source: image.ImageId! });
  try {
    const { ImageId } = await cloud.clients.ec2(region).send(new CopyImageCommand({ ...asked, ClientToken }), { signal, notYet: NOT_YET });
    return ImageId!;
  } catch (error) {
    if (awsCode(error) !== 'InvalidAMIName.Duplicate') { throw error; }
    throw new GoldenError('image-name-taken', `The name "${name}" is that of another image in ${region}`, {
      path: plan.image, hint: 'Give the image another name, or remove that one.', cause: error,
    });
  }
}

/** Copies that an earlier build began and that never came to be. */
async function removeFailed(cloud: Cloud, region: string, { ImageId }: Image): Promise<void> {
  const copies = await ownImages(cloud, region, [tagFilter(TAGS.copyOf, ImageId!), { Name: 'state', Values: ['failed', 'error', 'invalid'] }]);
  for (const copy of copies) { await removeImage(cloud, region, copy); }
}
