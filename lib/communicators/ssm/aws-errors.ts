import { GoldenError } from '../../errors';

/** What an error of the SDK says of itself. */
interface ServiceError {
  readonly name: string;
  readonly message: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Statements of the policy that lets a build do what this communicator does. */
const STATEMENTS: { readonly [action: string]: readonly string[] } = {
  SendCommand: ['arn:*:ssm:*:*:document/AWS-RunShellScript', 'arn:*:ec2:*:*:instance/*'],
  StartSession: ['arn:*:ssm:*:*:document/AWS-StartSSHSession', 'arn:*:ssm:*:*:document/AWS-StartInteractiveCommand', 'arn:*:ec2:*:*:instance/*'],
  TerminateSession: ['arn:*:ssm:*:*:session/*'],
};

const THROTTLING = ['ThrottlingException', 'Throttling', 'RequestLimitExceeded', 'TooManyRequestsException', 'RequestThrottled', 'SlowDown'];
const DENIED = ['AccessDeniedException', 'AccessDenied', 'UnauthorizedOperation'];
const EXPIRED = ['ExpiredTokenException', 'ExpiredToken', 'RequestExpired'];

export type Verdict = 'throttled' | 'passing' | 'expired' | 'refused';

/** Whether a call can succeed when it is tried again. `passing` is an error that passes by itself, for this call. */
export function verdictOn(error: unknown, passing?: string): Verdict {
  const { name, $metadata } = error as ServiceError;
  if (THROTTLING.includes(name)) { return 'throttled'; }
  if (EXPIRED.includes(name)) { return 'expired'; }
  if (name === passing) { return 'passing'; }
  if (GoldenError.is(error) || /Credential|Token/.test(name)) { return 'refused'; }
  const status = $metadata?.httpStatusCode;
  if (status === 429) { return 'throttled'; }
  // What has no status did not come from the service: the network failed, or the time was up.
  return status === undefined || status >= 500 ? 'passing' : 'refused';
}

export function hasName(error: unknown, name: string): boolean {
  return (error as ServiceError).name === name;
}

/** A call that was refused, in words that say what to do about it. */
export function refusal(action: string, error: unknown): GoldenError {
  if (GoldenError.is(error)) { return error; }
  const { name, message } = error as ServiceError;
  if (DENIED.includes(name)) {
    const statement = { Effect: 'Allow', Action: `ssm:${action}`, Resource: STATEMENTS[action] ?? '*' };
    return new GoldenError('access-denied', `The credentials of this build may not call ssm:${action}: ${message}`, {
      hint: `Add this statement to the policy of who builds: ${JSON.stringify(statement)}`, cause: error,
    });
  }
  if (EXPIRED.includes(name)) {
    return new GoldenError('credentials-expired', `The credentials of this build have expired: ${message}`, {
      hint: 'Log in anew, and resume the build.', cause: error,
    });
  }
  if (/Credential|Token/.test(name)) {
    return new GoldenError('no-credentials', `There are no credentials for ssm:${action}: ${message}`, { hint: 'Log in, or set AWS_PROFILE.', cause: error });
  }
  return new GoldenError('ssm-failed', `ssm:${action} was refused (${name}): ${message}`, { cause: error });
}

/** A call that found no answer in its time. */
export function unanswered(action: string, error: unknown): GoldenError {
  const { name, message } = error as ServiceError;
  if (['InvalidInstanceId', 'TargetNotConnected'].includes(name)) {
    return new GoldenError('connection-lost', `Systems Manager does not reach the instance (${name})`, { hint: NOT_MANAGED_HINT, cause: error });
  }
  return new GoldenError('connection-lost', `Systems Manager did not answer ssm:${action} (${name}): ${message}`, { cause: error });
}

/** Why Systems Manager may not know an instance, or not reach it. */
const NOT_MANAGED_HINT = 'Its image needs the SSM agent, its instance profile a role that may use it (AmazonSSMManagedInstanceCore), '
  + 'and its subnet a way to the endpoints ssm, ssmmessages and ec2messages; an agent that found no role at its start tries again after half an hour.';
