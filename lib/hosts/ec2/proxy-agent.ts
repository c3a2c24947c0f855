import { Agent as HttpAgent, request as requestHttp, type AgentOptions, type ClientRequestArgs } from 'http';
import { Agent as HttpsAgent, request as requestHttps, type AgentOptions as SecureOptions, type RequestOptions } from 'https';
import { isIP, isIPv6, type Socket } from 'net';
import type { Duplex } from 'stream';
import { connect as connectTls, type ConnectionOptions } from 'tls';
import { getProxyForUrl } from 'proxy-from-env';

/** Error of a proxy that is there and does not let us through. */
const PROXY_REFUSED = 'EPROXYREFUSED';
const ANSWER_MS = 10_000;

type Connected = (error: Error | null, stream: Duplex) => void;

/** Goes to `http:` places through a proxy, but for those that NO_PROXY names. */
export class HttpProxyAgent extends HttpAgent {
  constructor(private readonly proxy: URL, options: AgentOptions) { super(options); }

  override createConnection(options: ClientRequestArgs, callback?: Connected): Duplex | null | undefined {
    if (!isProxied('http', options)) { return super.createConnection(options, callback); }
    tunnel(this.proxy, options).then((socket) => callback!(null, socket), (error: Error) => callback!(error, undefined!));
    return undefined;
  }
}

/** Goes to `https:` places through a proxy, but for those that NO_PROXY names. */
export class HttpsProxyAgent extends HttpsAgent {
  constructor(private readonly proxy: URL, options: SecureOptions) { super(options); }

  override createConnection(options: RequestOptions, callback?: Connected): Duplex | null | undefined {
    if (!isProxied('https', options)) { return super.createConnection(options, callback); }
    tunnel(this.proxy, options, this.options.ca).then((socket) => {
      const secured: ConnectionOptions = { servername: isIP(options.host!) ? '' : options.host!, ...options as ConnectionOptions, socket, path: undefined };
      callback!(null, connectTls(secured));
    }).catch((error: Error) => callback!(error, undefined!));
    return undefined;
  }
}

/** Asks the proxy for a connection, as RFC 9110 has it. */
function tunnel(proxy: URL, { host, port }: ClientRequestArgs, ca?: SecureOptions['ca']): Promise<Socket> {
  const place = placeOf(host, port);
  const account = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const asked: RequestOptions = {
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port,
    method: 'CONNECT',
    path: place,
    headers: { host: place, ...account !== ':' && { 'proxy-authorization': `Basic ${Buffer.from(account).toString('base64')}` } },
    agent: false,
    timeout: ANSWER_MS,
  };
  return new Promise((resolve, reject) => {
    const request = proxy.protocol === 'https:' ? requestHttps({ ...asked, ca }) : requestHttp(asked);
    const refuse = (why: string) => reject(Object.assign(new Error(`the proxy ${proxy.host} ${why}`), { code: PROXY_REFUSED }));
    request.once('connect', ({ statusCode }, socket: Socket) => {
      if (statusCode === 200) {
        socket.setTimeout(0);
        resolve(socket);
        return;
      }
      socket.destroy();
      refuse(`answered ${statusCode}${statusCode === 407 ? ': it wants a user and a password, as in http://USER:PASSWORD@HOST:PORT' : ''}`);
    });
    request.once('timeout', () => request.destroy(new Error('it did not answer in time')));
    request.once('error', (error) => refuse(`cannot be used: ${error.message}`));
    request.end();
  });
}

function isProxied(scheme: string, { host, port }: ClientRequestArgs): boolean {
  return getProxyForUrl(`${scheme}://${placeOf(host, port)}`) !== '';
}

function placeOf(host: string | null | undefined, port: number | string | null | undefined): string {
  return `${isIPv6(host ?? '') ? `[${host}]` : host}:${port}`;
}
