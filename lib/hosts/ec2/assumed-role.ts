import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { awsMessage } from './aws-errors';
import type { Caller } from './aws-request';
import { GoldenError } from '../../errors';
import type { CloudCredentials } from '../../ports/cloud-access';

export interface AssumedRole {
  readonly roleArn: string;
  /** Assumes it. */
  readonly by: { sts(region: string): Caller };
  /** What to do where it may not be assumed. */
  readonly hint?: string;
}

/** Gives credentials of a role, other ones each time. The SDK asks before those that it has end. Errors: `role-refused`, and those of the caller. */
export function assumedRole({ roleArn, by, hint }: AssumedRole, region: string): () => Promise<CloudCredentials> {
  return async () => {
    const { Credentials } = await assume(region).catch((error: unknown) => {
      throw GoldenError.is(error) && error.code === 'access-denied' ? refused(error) : error;
    });
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials!;
    return { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken, expiration: Expiration };
  };

  function assume(place: string) {
    return by.sts(place).send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'golden' }));
  }

  function refused(cause: GoldenError): GoldenError {
    return new GoldenError('role-refused', `The role ${roleArn} cannot be assumed: ${awsMessage(cause)}`, {
      hint: hint ?? 'See that it exists, that its trust policy names who builds, and that who builds is allowed sts:AssumeRole on it.', cause,
    });
  }
}
