import { ApiError } from './protocol/api-error';
import { child, parseXml, textAt } from './protocol/xml';
import type { SessionCredentials } from './role-sessions';

/** Who calls, and where. */
export interface Caller {
  /** `http://localhost:<port>` */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: SessionCredentials;
}

/** What one service of the cloud asks of another one: through the door, so that it is logged, and refused where its role may not. */
export async function callJson(caller: Caller, service: string, target: string, input: object): Promise<any> {
  const text = await ask(caller, service, JSON.stringify(input), { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target }, (body) => {
    const { __type, message } = JSON.parse(body) as { readonly __type: string; readonly message: string };
    return [__type, message];
  });
  return JSON.parse(text || '{}');
}

/** The same for services that speak XML. */
export function callQuery(
  caller: Caller, service: string, version: string, action: string, input: { readonly [name: string]: string },
): Promise<string> {
  const body = new URLSearchParams({ Action: action, Version: version, ...input }).toString();
  return ask(caller, service, body, { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }, (text) => {
    // EC2 has a list of them.
    const root = parseXml(text);
    const error = child(root, 'Error') ?? child(root, 'Errors', 'Error');
    return [textAt(error, 'Code'), textAt(error, 'Message')];
  });
}

/** A call of Lambda, below `/2015-03-31/functions`. */
export async function callLambda(
  caller: Caller, method: string, path: string, input?: object, headers: { readonly [name: string]: string } = {},
): Promise<string> {
  const response = await fetch(`${caller.endpoint}/2015-03-31/functions${path}`, {
    method, headers: { ...signed(caller, 'lambda'), ...headers }, body: input && JSON.stringify(input),
  });
  const text = await response.text();
  if (response.ok) { return text; }
  const { __type, message } = JSON.parse(text) as { readonly __type: string; readonly message: string };
  throw new ApiError(__type, message, response.status);
}

/** Content of an object of S3. */
export async function readObject(caller: Caller, bucket: string, key: string): Promise<Buffer> {
  const response = await fetch(`${caller.endpoint}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`, { headers: signed(caller, 's3') });
  const body = Buffer.from(await response.arrayBuffer());
  if (!response.ok) { throw new ApiError(/<Code>([^<]+)/.exec(body.toString())?.[1] ?? 'AccessDenied', `s3://${bucket}/${key}`, response.status); }
  return body;
}

async function ask(
  caller: Caller, service: string, body: string, headers: { readonly [name: string]: string }, errorIn: (body: string) => readonly [string, string],
): Promise<string> {
  const response = await fetch(caller.endpoint, { method: 'POST', headers: { ...signed(caller, service), ...headers }, body });
  const text = await response.text();
  if (!response.ok) { throw new ApiError(...errorIn(text), response.status); }
  return text;
}

/** Nobody checks the signature itself. */
export function signed({ region, credentials }: Caller, service: string): { readonly [name: string]: string } {
  const scope = `${credentials.accessKeyId}/20260101/${region}/${service}/aws4_request`;
  return {
    'authorization': `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    'x-amz-security-token': credentials.sessionToken,
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
  };
}
