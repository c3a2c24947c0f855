import { awsCode, awsMessage } from './aws-errors';
import { GoldenError } from '../../errors';
import type { Plan } from '../../plan/model';

interface Advice {
  readonly code: RegExp;
  readonly message?: RegExp;
  readonly hint: string;
}

/** What RunInstances refuses for good, and where the image says it. */
const ADVICE: readonly Advice[] = [
  { code: /^InvalidParameterValue$/, message: /instance ?profile/i, hint: 'See that the instance profile of its builder is there, in this account; or leave it out: then one with the minimum policy is made.' },
  { code: /^InvalidParameterValue$/, message: /instance ?type/i, hint: 'Name instance types that the region offers, in instanceTypes of its builder: aws ec2 describe-instance-type-offerings.' },
  { code: /^InvalidBlockDeviceMapping$/, message: /smaller than snapshot/i, hint: 'Make its rootVolume at least as large as the disk of the source, or leave the size out.' },
  { code: /^(InvalidBlockDeviceMapping|InvalidParameterCombination)$/, hint: 'See its rootVolume and volumes: device names, types, sizes and speeds have to go together.' },
  { code: /^OptInRequired$/, hint: 'Subscribe to the product of the source in AWS Marketplace, with this account. The message above has the address.' },
  { code: /^(InvalidGroup\.\w+|InvalidSecurityGroupID\.\w+)$/, hint: 'See that its securityGroups are there, in the VPC of its subnets.' },
  { code: /^(InvalidPlacementGroup\.\w+|InvalidHostID\.\w+|InvalidHostId\w*)$/, hint: 'See the placement of its builder.' },
  {
    code: /^AuthFailure\.ServiceLinkedRoleCreationNotPermitted$/,
    hint: 'Whoever first uses spot capacity in an account makes a role for it: give iam:CreateServiceLinkedRole ("golden iam" prints it), or leave spot out.',
  },
  { code: /^(PendingVerification|Blocked|AccountDisabled)$/, hint: 'It is the account that AWS holds back: see its messages, or ask AWS Support.' },
];

/** The error of a launch that no other type, place or market would spare: as it is, with what to change in the image. */
export function refusedLaunch(error: unknown, { image }: Plan): unknown {
  if (!GoldenError.is(error) || error.hint !== undefined || awsCode(error) === undefined) { return error; }
  const { code, message, kind } = error;
  const hint = ADVICE.find((advice) => advice.code.test(awsCode(error)!) && (!advice.message || advice.message.test(awsMessage(error))))?.hint;
  return new GoldenError(code, message, { kind, path: image, hint, cause: error.cause });
}
