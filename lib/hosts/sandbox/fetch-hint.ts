import { clockHint } from '../../errors';

/** How apt, Node and TLS say that something is of another time than the clock's. */
const OTHER_TIME = /not valid yet|is expired|certificate (?:has expired|is not yet valid)|NotYetValid|not activated|EXPKEYSIG/i;

/** How they say that they reached nobody. */
const UNREACHED = /Temporary failure resolving|Could not (?:resolve|connect)|Unable to connect|Network is unreachable|Connection (?:timed out|refused)|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|CONNECT_TIMEOUT/i;

/**
 * What to do where this computer could not fetch what a base is made of. Undefined: neither its clock nor its network is to blame.
 * @param what is asked, such as `the mirrors`
 */
export function fetchHint(said: string, what: string): string | undefined {
  if (OTHER_TIME.test(said)) {
    return `${clockHint()}; else what ${what} gave is out of date, or the keys are that this computer has for it.`;
  }
  if (UNREACHED.test(said)) {
    return `This computer does not reach ${what}: look at its network, its resolver (/etc/resolv.conf) and its proxy (http_proxy).`;
  }
  return undefined;
}
