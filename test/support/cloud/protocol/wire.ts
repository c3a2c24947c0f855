import type { IncomingMessage } from 'http';
import type { ApiError } from './api-error';
import { escapeXml } from './xml';

/** How a service speaks. */
export type Protocol = 'ec2' | 'query' | 'json' | 'rest' | 's3';

/** What a request says about itself before its body is read. */
export interface Envelope {
  readonly service: string;
  readonly region: string;
  readonly accessKey: string;
  readonly protocol: Protocol;
  readonly authorization: string;
}

const PROTOCOLS: { readonly [service: string]: Protocol } = {
  ec2: 'ec2',
  sts: 'query',
  iam: 'query',
  autoscaling: 'query',
  cloudformation: 'query',
  ssm: 'json',
  secretsmanager: 'json',
  kms: 'json',
  s3: 's3',
  sns: 'query',
  logs: 'json',
  codebuild: 'json',
  events: 'json',
  ecr: 'json',
  lambda: 'rest',
};

/** Service, region and caller, as the scope of the signature names them: in a header, or in the query of a presigned URL. */
export function readEnvelope(request: IncomingMessage, url: URL): Envelope | undefined {
  const authorization = request.headers.authorization ?? '';
  const scope = /Credential=([^,\s]+)/.exec(authorization)?.[1] ?? url.searchParams.get('X-Amz-Credential') ?? '';
  const [accessKey, , region, service] = decodeURIComponent(scope).split('/');
  if (service === undefined) { return undefined; }
  return { service, region, accessKey, protocol: PROTOCOLS[service] ?? 'query', authorization };
}

export function errorBody(protocol: Protocol, error: ApiError, requestId: string): { readonly type: string; readonly body: string } {
  const code = escapeXml(error.code);
  const message = escapeXml(error.message);
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  switch (protocol) {
    case 'ec2': return {
      type: 'text/xml;charset=UTF-8',
      body: `${declaration}<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>${requestId}</RequestID></Response>`,
    };
    case 'json':
    case 'rest': return { type: 'application/x-amz-json-1.1', body: JSON.stringify({ __type: error.code, message: error.message }) };
    case 's3': return {
      type: 'application/xml', body: `${declaration}<Error><Code>${code}</Code><Message>${message}</Message><RequestId>${requestId}</RequestId></Error>`,
    };
    default: return {
      type: 'text/xml',
      body: `${declaration}<ErrorResponse><Error><Type>${error.status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
    };
  }
}
