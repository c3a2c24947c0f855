import { GetEbsDefaultKmsKeyIdCommand, GetEbsEncryptionByDefaultCommand, GetImageBlockPublicAccessStateCommand } from '@aws-sdk/client-ec2';
import type { Cloud } from './cloud';
import { NOT_YET } from './not-yet';
import { GoldenError } from '../../errors';
import type { SharingSpec } from '../../plan/delivery';
import type { Plan } from '../../plan/model';
import { wantedRegions } from '../../policies/regions';

/** Who shares what is encrypted with it shares nothing. */
const AWS_KEY = /alias\/aws\/ebs$/;

/**
 * Sees to it, before a machine is launched, that the account lets an image be shared as its plan wants it.
 * Errors: `public-access-blocked`, `encrypted-by-default`.
 */
export async function guardSharing(cloud: Cloud, home: string, plan: Plan, signal: AbortSignal): Promise<void> {
  const { sharing, encryption } = plan.delivery;
  const places = [{ region: home, encrypted: encryption.encrypted }, ...wantedRegions(plan, home).map(({ region, encryptionKey }) => (
    { region, encrypted: encryption.encrypted || encryptionKey !== undefined }
  ))];
  await Promise.all(places.flatMap(({ region, encrypted }) => [
    ...sharing.public ? [refuseBlocked(cloud, region, plan.image, signal)] : [],
    ...isShared(sharing) && !encrypted ? [refuseEncrypted(cloud, region, plan, signal)] : [],
  ]));
}

/** Errors: `public-access-blocked`. */
export async function refuseBlocked(cloud: Cloud, region: string, what: string, signal: AbortSignal): Promise<void> {
  const { ImageBlockPublicAccessState: state } = await cloud.clients.ec2(region).send(
    new GetImageBlockPublicAccessStateCommand({}), { signal, notYet: NOT_YET },
  );
  if (state !== 'block-new-sharing') { return; }
  throw new GoldenError('public-access-blocked', `${what} cannot be shared with everybody: the account blocks public images in ${region}`, {
    hint: 'Share it with accounts or organisations, or allow it: aws ec2 disable-image-block-public-access, which takes up to 10 minutes.',
  });
}

/** Where an account encrypts all volumes, what the plan does not encrypt is encrypted all the same. */
async function refuseEncrypted(cloud: Cloud, region: string, { delivery: { sharing }, image }: Plan, signal: AbortSignal): Promise<void> {
  const ec2 = cloud.clients.ec2(region);
  const { EbsEncryptionByDefault } = await ec2.send(new GetEbsEncryptionByDefaultCommand({}), { signal });
  if (!EbsEncryptionByDefault) { return; }
  const { KmsKeyId = '' } = await ec2.send(new GetEbsDefaultKmsKeyIdCommand({}), { signal });
  if (!sharing.public && !AWS_KEY.test(KmsKeyId)) { return; }
  const why = sharing.public ? 'and nobody else can launch an image that is encrypted' : 'with a key that nobody else can use';
  throw new GoldenError('encrypted-by-default', `The image is shared, but the account encrypts all volumes in ${region} by default, ${why}`, {
    path: image,
    hint: sharing.public ? `Build it where that is off: aws ec2 disable-ebs-encryption-by-default --region ${region}. Or name the accounts that may launch it.`
      : 'Give the image a key of yours (encryptionKey; encryptionKeys for its copies), and let the others use it (keyGrants). '
        + `Or turn it off: aws ec2 disable-ebs-encryption-by-default --region ${region}`,
  });
}

function isShared({ accounts, organizations, organizationalUnits, public: everybody }: SharingSpec): boolean {
  return everybody || [...accounts, ...organizations, ...organizationalUnits].length > 0;
}
