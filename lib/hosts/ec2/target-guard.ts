import type { Cloud } from './cloud';
import { GoldenError } from '../../errors';
import type { Plan } from '../../plan/model';
import { partitionOf } from '../../policies/partition';

/**
 * Sees to it that an image is made where its stack lives, before anything is done there. Returns the region.
 * Errors: `wrong-region`, `wrong-account`, `wrong-partition`.
 */
export async function guardTarget(cloud: Cloud, plan: Plan): Promise<string> {
  const region = await cloud.regionOf(plan);
  const { target } = plan;
  if (target.region !== undefined && target.region !== region) {
    throw new GoldenError('wrong-region', `The image is for ${target.region}, and would be built in ${region}`, {
      path: plan.image, hint: `Build with --region ${target.region}, or leave --region out. Copies to other regions are declared with the image.`,
    });
  }
  const { account, partition, arn } = await cloud.clients.callerIdentity(region);
  if (target.account !== undefined && target.account !== account) {
    throw new GoldenError('wrong-account', `The image is for account ${target.account}, and these credentials are of ${account} (${arn})`, {
      path: plan.image, hint: 'Set AWS_PROFILE to a profile of that account, or change the env of the stack.',
    });
  }
  if (partitionOf(region) !== partition) {
    throw new GoldenError('wrong-partition', `The region ${region} is not in the partition of these credentials, ${partition}`, {
      path: plan.image, hint: 'Set AWS_PROFILE to a profile of an account there.',
    });
  }
  return region;
}
