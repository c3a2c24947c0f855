import { ApiError } from './protocol/api-error';

export type FaultKind =
  /** Refused by the request limits. Nothing happens. */
  | 'throttle'
  /** An internal error. Nothing happens. */
  | 'error-500'
  /** An internal error, but it happens all the same. */
  | 'error-500-after-effect'
  /** It happens, and then the connection is cut without an answer. */
  | 'timeout-after-effect'
  /** What the call is about is not found. */
  | 'not-found'
  | 'access-denied'
  /** No capacity for an instance. */
  | 'capacity'
  /** The call succeeds, and what it began fails later: CreateImage, CopyImage, CreateSnapshot, CopySnapshot, RunInstances. */
  | 'async-failure';

export interface Fault {
  readonly action: string;
  /** @default any service that has the action */
  readonly service?: string;
  /** @default every region */
  readonly region?: string;
  /** Which of its calls from now on is the first to meet it, from 1. @default 1 */
  readonly nth?: number;
  /** How many calls meet it. @default 1 */
  readonly times?: number;
  readonly kind: FaultKind;
}

/** Faults that calls are to meet. */
export class Faults {
  private armed: { readonly fault: Fault; seen: number }[] = [];

  inject(fault: Fault): void {
    this.armed.push({ fault, seen: 0 });
  }

  clear(): void {
    this.armed = [];
  }

  /** Counts a call, and says what it meets. */
  next(service: string, action: string, region: string): FaultKind | undefined {
    let met: FaultKind | undefined;
    for (const entry of this.armed) {
      const { fault } = entry;
      if (fault.action !== action || (fault.service ?? service) !== service || (fault.region ?? region) !== region) { continue; }
      entry.seen += 1;
      const first = fault.nth ?? 1;
      if (entry.seen >= first && entry.seen < first + (fault.times ?? 1)) { met ??= fault.kind; }
    }
    return met;
  }
}

/** The error of a fault that refuses a call; undefined for those that let it happen. */
export function refusal(kind: FaultKind, service: string, action: string): ApiError | undefined {
  switch (kind) {
    case 'throttle': return throttled(service);
    case 'error-500': return internalError(service);
    case 'access-denied': return denied(service, action);
    case 'capacity': return new ApiError('InsufficientInstanceCapacity', 'There is no capacity available that matches your request.', 500);
    case 'not-found': return notFound(service, action);
    default: return undefined;
  }
}

export function throttled(service: string): ApiError {
  if (service === 'ec2') { return new ApiError('RequestLimitExceeded', 'Request limit exceeded.', 503); }
  if (service === 's3') { return new ApiError('SlowDown', 'Please reduce your request rate.', 503); }
  const isJson = service === 'ssm' || service === 'secretsmanager' || service === 'kms';
  return new ApiError(isJson ? 'ThrottlingException' : 'Throttling', 'Rate exceeded', 400);
}

function internalError(service: string): ApiError {
  const isJson = service === 'ssm' || service === 'secretsmanager' || service === 'kms';
  return new ApiError(isJson ? 'InternalServerError' : service === 's3' ? 'InternalError' : 'InternalError', 'An internal error has occurred', 500);
}

export function denied(service: string, action: string): ApiError {
  if (service === 'ec2') {
    return new ApiError('UnauthorizedOperation', `You are not authorized to perform this operation. User is not authorized to perform: ec2:${action} because no identity-based policy allows the ec2:${action} action`, 403);
  }
  if (service === 's3') { return new ApiError('AccessDenied', 'Access Denied', 403); }
  const isJson = service === 'ssm' || service === 'secretsmanager' || service === 'kms';
  return new ApiError(
    isJson ? 'AccessDeniedException' : 'AccessDenied',
    `User is not authorized to perform: ${service}:${action} because no identity-based policy allows the ${service}:${action} action`, isJson ? 400 : 403,
  );
}

const NOT_FOUND: readonly (readonly [pattern: RegExp, code: string])[] = [
  [/Image/, 'InvalidAMIID.NotFound'],
  [/Snapshot/, 'InvalidSnapshot.NotFound'],
  [/SecurityGroup/, 'InvalidGroup.NotFound'],
  [/KeyPair/, 'InvalidKeyPair.NotFound'],
  [/LaunchTemplate/, 'InvalidLaunchTemplateId.NotFound'],
  [/Subnet/, 'InvalidSubnetID.NotFound'],
  [/Vpc/, 'InvalidVpcID.NotFound'],
  [/Volume/, 'InvalidVolume.NotFound'],
];

/** The code that a fresh resource gives before it is known everywhere. */
function notFound(service: string, action: string): ApiError {
  if (service === 'ec2') {
    // What CreateImage and RunInstances do not find is the thing that they start from.
    if (action === 'CreateImage') { return new ApiError('InvalidInstanceID.NotFound', 'The instance ID does not exist'); }
    if (action === 'RunInstances') { return new ApiError('InvalidAMIID.NotFound', 'The image id does not exist'); }
    const code = NOT_FOUND.find(([pattern]) => pattern.test(action))?.[1] ?? 'InvalidInstanceID.NotFound';
    return new ApiError(code, 'The resource does not exist');
  }
  if (service === 'ssm') {
    if (action === 'GetCommandInvocation') { return new ApiError('InvocationDoesNotExist', ''); }
    return /Parameter/.test(action) ? new ApiError('ParameterNotFound', '') : new ApiError('InvalidInstanceId', 'Instances not in a valid state for account');
  }
  if (service === 's3') { return new ApiError(/Bucket/.test(action) ? 'NoSuchBucket' : 'NoSuchKey', 'It does not exist.', 404); }
  if (service === 'iam') { return new ApiError('NoSuchEntity', 'It cannot be found.', 404); }
  return new ApiError('ResourceNotFoundException', 'It cannot be found.');
}
