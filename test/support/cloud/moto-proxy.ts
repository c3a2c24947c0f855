import { Agent, request, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'http';
import { ApiError } from './protocol/api-error';
import { parseXml, type XmlElement } from './protocol/xml';

/** What moto said. */
export interface MotoAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface MotoRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer | string;
}

/** The moto server behind ours. */
export interface MotoProxy {
  send(message: MotoRequest): Promise<MotoAnswer>;
  /** A call of EC2; the answer's root. Throws its coded error. */
  ec2(region: string, authorization: string | undefined, parameters: { readonly [name: string]: string }): Promise<XmlElement>;
  /** Hands a request through as it comes, and its answer back, without holding either in memory. */
  stream(incoming: IncomingMessage, path: string, response: ServerResponse): Promise<number>;
  close(): void;
}

const EC2_VERSION = '2016-11-15';

export function motoProxy(endpoint: string): MotoProxy {
  const { hostname, port } = new URL(endpoint);
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const open = (method: string, path: string, headers: IncomingHttpHeaders) => (
    request({ hostname, port, method, path, agent, headers: { ...headers, host: `${hostname}:${port}` } })
  );

  const send = (message: MotoRequest, isRetry = false): Promise<MotoAnswer> => new Promise((resolve, reject) => {
    const body = Buffer.from(message.body as string);
    const headers = { ...message.headers, 'content-length': String(body.length) };
    delete (headers as IncomingHttpHeaders)['transfer-encoding'];
    delete (headers as IncomingHttpHeaders).expect;
    const outgoing = open(message.method, message.path, headers);
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      // It closes idle connections at moments of its own.
      if (error.code === 'ECONNRESET' && outgoing.reusedSocket && !isRetry) { send(message, true).then(resolve, reject); } else { reject(error); }
    });
    outgoing.once('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks) }));
    });
    outgoing.end(body);
  });

  // It goes through all policies while another call makes one, and falls over that.
  let iam: Promise<unknown> = Promise.resolve();
  const inTurn = (message: MotoRequest): Promise<MotoAnswer> => {
    if (!String(message.headers.authorization).includes('/iam/aws4_request')) { return send(message); }
    const answer = iam.then(() => send(message));
    iam = answer.catch(() => { /* whoever asked hears of it */ });
    return answer;
  };

  return {
    send: inTurn,
    ec2: async (region, authorization, parameters) => {
      const body = new URLSearchParams({ Version: EC2_VERSION, ...parameters }).toString();
      const answer = await send({
        method: 'POST',
        path: '/',
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', 'authorization': authorization ?? scopeOf(region, 'ec2') },
      });
      const text = answer.body.toString();
      if (answer.status >= 400) { throw codedError(text, answer.status); }
      return parseXml(text);
    },
    stream: (incoming, path, response) => new Promise((resolve, reject) => {
      const outgoing = open(incoming.method!, path, incoming.headers);
      outgoing.once('error', reject);
      outgoing.once('response', (answer) => {
        // It crashes with a page of HTML.
        if (answer.statusCode! >= 500) { answer.resume(); reject(new ApiError('NotImplemented', 'moto cannot do this.', 501)); return; }
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
        answer.once('error', reject);
        response.once('close', () => resolve(answer.statusCode!));
      });
      incoming.pipe(outgoing);
    }),
    close: () => agent.destroy(),
  };
}

/** It tells services, regions and accounts apart by a signature's scope, and does not check the signature. */
export function scopeOf(region: string, service: string, accessKey = 'test'): string {
  return `AWS4-HMAC-SHA256 Credential=${accessKey}/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;
}

/** The error that an answer tells; where it tells none, as its crashes do, one with a code all the same. */
export function codedError(text: string, status: number): ApiError {
  const code = /<Code>([^<]+)<\/Code>/.exec(text)?.[1];
  if (!code) { return new ApiError('UnsupportedOperation', `moto cannot do this: ${text.replace(/<[^>]*>/g, ' ').trim().slice(0, 300)}`, 400); }
  return new ApiError(code, /<Message>([\s\S]*?)<\/Message>/.exec(text)?.[1] ?? code, status);
}
