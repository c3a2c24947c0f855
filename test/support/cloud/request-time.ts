import { ApiError } from './protocol/api-error';
import type { Protocol } from './protocol/wire';

/** How far the time of a request may be from that of AWS, in milliseconds. */
const TOLERANCE_MS = 15 * 60_000;

/** Throws where a request is dated too far from now, in the words of each service. What is not dated in a header is signed for later. */
export function checkTime(header: string | string[] | undefined, now: Date, { protocol }: { readonly protocol: Protocol }): void {
  if (typeof header !== 'string') { return; }
  const date = Date.parse(header.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const ahead = date - now.getTime();
  if (!(Math.abs(ahead) > TOLERANCE_MS)) { return; }
  if (protocol === 's3') { throw new ApiError('RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.', 403); }
  if (protocol === 'ec2') { throw new ApiError('AuthFailure', 'AWS was not able to validate the provided access credentials', 401); }
  const basic = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const message = ahead < 0 ? `Signature expired: ${header} is now earlier than ${basic} (${basic} - 15 min.)` : `Signature not yet current: ${header} is still later than ${basic} (${basic} + 15 min.)`;
  throw new ApiError(protocol === 'json' ? 'InvalidSignatureException' : 'SignatureDoesNotMatch', message, protocol === 'json' ? 400 : 403);
}
