import { readFileSync } from 'fs';
import { Agent as HttpAgent } from 'http';
import { Agent as HttpsAgent } from 'https';
import { GoldenError } from '../../errors';
import type { NetworkAgents } from '../../ports/cloud-access';

/* Few computers are behind a proxy. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const proxies = () => require('./proxy-agent') as typeof import('./proxy-agent');

/** What all our clients connect with: it knows the proxies and the certificates that the environment names. Errors: `unreadable-certificates`, `invalid-proxy`. */
export function networkAgents(environment: NodeJS.ProcessEnv = process.env): NetworkAgents {
  const options = { keepAlive: true, maxSockets: 200 };
  const secure = { ...options, ca: certificates(environment) };
  const httpProxy = proxyOf(environment, 'http');
  const httpsProxy = proxyOf(environment, 'https');
  return {
    http: httpProxy ? new (proxies().HttpProxyAgent)(httpProxy, options) : new HttpAgent(options),
    https: httpsProxy ? new (proxies().HttpsProxyAgent)(httpsProxy, secure) : new HttpsAgent(secure),
  };
}

/** As curl reads it: in small letters before capitals, and without a scheme it speaks HTTP. */
function proxyOf(environment: NodeJS.ProcessEnv, scheme: 'http' | 'https'): URL | undefined {
  const names = [`${scheme}_proxy`, `${scheme}_PROXY`.toUpperCase(), 'all_proxy', 'ALL_PROXY'];
  const name = names.find((candidate) => environment[candidate]);
  if (!name) { return undefined; }
  const value = environment[name]!;
  try {
    const url = new URL(value.includes('://') ? value : `http://${value}`);
    if (url.protocol === 'http:' || url.protocol === 'https:') { return url; }
  } catch { /* told below, without what may be a password */ }
  throw new GoldenError('invalid-proxy', `${name} is no URL of an HTTP proxy`, { kind: 'usage', hint: `Write ${name}=http://HOST:PORT` });
}

/** Certificates that the user trusts, in place of those of Node, as the other tools of AWS read them. Node's own variable adds to both. */
function certificates({ AWS_CA_BUNDLE: file, NODE_EXTRA_CA_CERTS: extra }: NodeJS.ProcessEnv): Buffer[] | undefined {
  if (!file) { return undefined; }
  try {
    return [readFileSync(file), ...extra ? [readFileSync(extra)] : []];
  } catch (error) {
    throw new GoldenError('unreadable-certificates', `AWS_CA_BUNDLE cannot be read: ${(error as Error).message}`, { kind: 'usage', cause: error });
  }
}
