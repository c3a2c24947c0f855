import type { Verdict } from './retry';
import { clockHint, GoldenError } from '../../errors';

/** As much of an error of the SDK as is looked at. */
interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean };
  readonly $response?: { readonly statusCode?: number };
  readonly $fault?: 'client' | 'server';
}

/** What was asked, of whom. */
export interface CallName {
  /** Prefix of its actions in policies: `ec2`. */
  readonly service: string;
  readonly action: string;
  readonly region: string;
  /** Where the service was looked for. */
  readonly endpoint?: string;
}

const THROTTLED = new Set([
  'RequestLimitExceeded', 'Throttling', 'ThrottlingException', 'ThrottledException', 'TooManyRequestsException', 'RequestThrottled',
  'RequestThrottledException', 'EC2ThrottledException', 'SlowDown', 'PriorRequestNotComplete', 'BandwidthLimitExceeded',
]);
const TRANSIENT = new Set([
  'TimeoutError', 'RequestTimeout', 'RequestTimeoutException', 'InternalError', 'InternalFailure', 'InternalServerError', 'ServiceUnavailable', 'Unavailable',
]);
const DENIED = new Set(['UnauthorizedOperation', 'AccessDenied', 'AccessDeniedException', 'Forbidden']);
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired']);
const INVALID_CREDENTIALS = new Set([
  'AuthFailure', 'InvalidClientTokenId', 'UnrecognizedClientException', 'SignatureDoesNotMatch', 'InvalidAccessKeyId', 'InvalidSignatureException',
]);
/** The clock of this computer is more than some minutes off, and the SDK could not make up for it. */
const SKEWED = new Set(['RequestTimeTooSkewed', 'RequestInTheFuture']);
/** Of Node: the way to the service, not the service. */
const UNREACHABLE = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EPROXYREFUSED']);
/** Of TLS: whoever answered does not prove who it is by a certificate that is trusted here. */
const UNTRUSTED = /self-signed certificate|unable to (verify|get) .*certificate|certificate's altnames/;
/** Of TLS: either its certificate or our clock is of another time. */
const OTHER_TIME = /certificate (is not yet valid|has expired)/;
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE', 'UND_ERR_SOCKET']);

/** AWS's own code of the error that a call ended with: `InvalidAMIName.Duplicate`. Undefined for all other errors. */
export function awsCode(error: unknown): string | undefined {
  const sdk = sdkError(error);
  return sdk?.$metadata || sdk?.$fault ? sdk.name : undefined;
}

/** What AWS said with it. */
export function awsMessage(error: unknown): string {
  return sdkError(error)?.message ?? String(error);
}

/** Whether another try may end otherwise, going by the error alone. */
export function verdictOf(error: unknown): Verdict {
  const { name = '', $metadata } = sdkError(error) ?? {};
  if (THROTTLED.has(name)) { return 'throttled'; }
  // A lack of capacity comes as a fault of the server, and lasts.
  if (/^Insufficient\w*Capacity$/.test(name)) { return 'fail'; }
  if (isUncertain(error) || isUnreachable(error) || $metadata?.clockSkewCorrected) { return 'transient'; }
  return 'fail';
}

/** Whether the call may have been done although it ended so. */
export function isUncertain(error: unknown): boolean {
  const { name = '', code = '', $metadata, $response } = sdkError(error) ?? {};
  if (THROTTLED.has(name)) { return false; }
  return TRANSIENT.has(name) || BROKEN.has(code) || ($metadata?.httpStatusCode ?? $response?.statusCode ?? 0) >= 500;
}

export function isUnreachable(error: unknown): boolean {
  const { code = '', name = '' } = sdkError(error) ?? {};
  return UNREACHABLE.has(code) || UNREACHABLE.has(name);
}

export function isExpired(error: unknown): boolean {
  return EXPIRED.has(sdkError(error)?.name ?? '');
}

/** The error as people read it: what was asked, why it failed, and what to do. */
export function explained(error: unknown, call: CallName): GoldenError {
  if (GoldenError.is(error)) { return error; }
  const { name = '', message = String(error), code } = sdkError(error) ?? {};
  const asked = `${call.service}:${call.action} in ${call.region}`;
  if (DENIED.has(name)) { return denied(message, call, error); }
  if (EXPIRED.has(name) || /token (is|has|included in the request is) expired|session has expired/i.test(message)) {
    // Of a request, it is as well what EC2 says of one that our clock dates too early.
    const hint = name === 'RequestExpired' ? `${loginHint()}\n${clockHint()}.` : loginHint();
    return new GoldenError('expired-credentials', `The credentials have expired: ${message}`, { hint, cause: error });
  }
  if (name === 'CredentialsProviderError') {
    return new GoldenError('no-credentials', `There are no credentials of AWS: ${message}`, { hint: loginHint(), cause: error });
  }
  if (SKEWED.has(name) || /Signature (not yet current|expired)|differ.{0,20}current time/i.test(message)) {
    return new GoldenError('wrong-clock', `AWS does not take requests of this time: ${message}`, { hint: `${clockHint()}.`, cause: error });
  }
  if (INVALID_CREDENTIALS.has(name)) {
    // So EC2 answers, too, where the time of a request is wrong.
    const hint = name === 'AuthFailure' ? `${loginHint()}\n${clockHint()}.` : loginHint();
    return new GoldenError('invalid-credentials', `AWS does not accept these credentials: ${message}`, { hint, cause: error });
  }
  if (isUnreachable(error) || BROKEN.has(code ?? '') || name === 'TimeoutError') {
    return new GoldenError('unreachable', `${asked} was not answered by ${call.endpoint ?? 'its endpoint'}: ${message}`, {
      hint: 'See that this computer reaches it: network, proxy (HTTPS_PROXY), endpoints of the VPC, AWS_ENDPOINT_URL, the name of the region.', cause: error,
    });
  }
  if (OTHER_TIME.test(message)) {
    return new GoldenError('untrusted-certificate', `${asked} was answered by ${call.endpoint ?? 'somebody'} with a certificate of another time: ${message}`, {
      hint: `${clockHint()}. Where it is right, that certificate is out of date.`, cause: error,
    });
  }
  if (UNTRUSTED.test(message)) {
    return new GoldenError('untrusted-certificate', `${asked} was answered by ${call.endpoint ?? 'somebody'} with a certificate that is not trusted: ${message}`, {
      hint: 'Where a proxy or an endpoint of yours has a private authority, put its certificate into a file, and name it with AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS.',
      cause: error,
    });
  }
  return new GoldenError('aws-error', `${asked} failed: ${name}: ${message}`, { cause: error });
}

/** Permissions that have another name than the call of S3 that needs them. */
const PERMISSIONS: { readonly [action: string]: string } = {
  HeadBucket: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  HeadObject: 'GetObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  DeleteObjects: 'DeleteObject',
  PutBucketEncryption: 'PutEncryptionConfiguration',
  PutBucketLifecycleConfiguration: 'PutLifecycleConfiguration',
  PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
};

/** What only AWS can read, and fills a screen. */
const ENCODED = /\.? ?Encoded authorization failure message: \S+/;

/** Access denied: which action, and the statement that would allow it. */
function denied(said: string, { service, action, region }: CallName, cause: unknown): GoldenError {
  const message = said.replace(ENCODED, '.');
  const [, other, resource] = /not authorized to perform:? ([a-z0-9-]+:\w+)(?: on resource: (\S+))?/.exec(message) ?? [];
  const needed = other ?? `${service}:${PERMISSIONS[action] ?? action}`;
  const statement = JSON.stringify({ Effect: 'Allow', Action: needed, Resource: resource ?? '*' });
  const boundary = /explicit deny/i.test(message) ? '\nA policy denies it explicitly: that one has to change; no other can allow it.' : '';
  return new GoldenError('access-denied', `Not allowed: ${needed} in ${region}: ${message}`, {
    hint: `Give the role that builds this statement; "golden iam" prints all that it needs:\n${statement}${boundary}`, cause,
  });
}

function loginHint(): string {
  const profile = process.env.AWS_PROFILE;
  const login = profile ? `aws sso login --profile ${profile}` : 'aws sso login';
  return `Sign in with "${login}" or "aws configure", or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`;
}

function sdkError(error: unknown): SdkError | undefined {
  const found = GoldenError.is(error) ? error.cause : error;
  if (typeof found !== 'object' || found === null) { return undefined; }
  const wrapped = /^AWS SDK error wrapper for (\w+): ([^]*)/.exec((found as SdkError).message ?? '');
  // So it hands on what does not look like an error to it.
  return wrapped ? { name: wrapped[1], message: wrapped[2] } : found;
}
