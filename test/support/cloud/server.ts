import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'http';
import type { AddressInfo } from 'net';
import type { Buckets } from './buckets';
import { answerEc2 } from './calls/ec2';
import type { CloudFormation } from './cloudformation/cloudformation';
import { conformanceOf } from './conformance/list';
import type { Credentials } from './credentials';
import { denied, refusal, throttled, type FaultKind, type Faults } from './faults';
import { newRequestId } from './ids';
import { lambdaAction } from './lambda/rest-action';
import { codedError, scopeOf } from './moto-proxy';
import { ObjectConditions } from './objects';
import { answerParameters } from './parameters';
import { ApiError } from './protocol/api-error';
import { s3Action } from './protocol/s3-action';
import { errorBody, readEnvelope, type Envelope } from './protocol/wire';
import { checkTime } from './request-time';
import type { OpenPaths, ServiceAnswer } from './service';
import type { Services } from './services';
import type { SsmService } from './ssm/ssm-service';
import type { WorldState } from './world-state';

/** A call that was made. */
export interface LoggedCall {
  readonly service: string;
  readonly action: string;
  readonly region: string;
  /** Of the answer; `0` where the connection was cut without one. */
  readonly status: number;
  /** Of the error. */
  readonly code?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What somebody asks to do, before it is decided whether they may. */
export interface AskedCall {
  readonly service: string;
  readonly action: string;
  readonly region: string;
  readonly account: string;
  /** Name of the role in whose session the call is made. */
  readonly role?: string;
  /** Path and query. */
  readonly path: string;
  /** Empty for calls of S3. */
  readonly body: string;
}

/** Decides who may do what. Absent: everybody may do everything. */
export interface Authority {
  allows?: (call: AskedCall) => boolean | Promise<boolean>;
}

export interface ServerParts {
  readonly authority: Authority;
  readonly world: WorldState;
  readonly faults: Faults;
  readonly buckets: Buckets;
  readonly credentials: Credentials;
  readonly ssm: SsmService | undefined;
  readonly services: Services;
  readonly cloudFormation: CloudFormation;
  readonly paths: OpenPaths;
  readonly log: (call: LoggedCall) => void;
}

interface Request extends Envelope {
  readonly action: string;
  readonly path: string;
  readonly account: string;
}

/** The endpoint of the cloud, on loopback. */
export async function startServer(parts: ServerParts, port = 0): Promise<{ readonly server: Server; readonly port: number }> {
  const conditions = new ObjectConditions(parts.world.moto);
  const server = createServer((incoming, response) => { void serve(parts, conditions, incoming, response); });
  // A client that re-uses a connection must not meet its end.
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  server.on('upgrade', (incoming, socket, head) => { if (!parts.ssm?.upgrade(incoming, socket, head)) { socket.destroy(); } });
  await new Promise<void>((resolve, reject) => { server.once('error', reject); server.listen(port, '127.0.0.1', resolve); });
  return { server, port: (server.address() as AddressInfo).port };
}

async function serve(parts: ServerParts, conditions: ObjectConditions, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const requestId = newRequestId();
  const { world } = parts;
  response.sendDate = false;
  if (world.settings.datedAnswers) { response.setHeader('date', timeOfAws(world).toUTCString()); }
  let request: Partial<Request> = {};
  const finish = (status: number, code?: string) => parts.log({
    service: request.service ?? '', action: request.action ?? '', region: request.region ?? '', status, code, at: world.clock.now(),
  });
  try {
    const url = new URL(incoming.url!, 'http://localhost');
    if (await serveOpenPath(parts, incoming, url, response)) { return; }
    const envelope = readEnvelope(incoming, url);
    if (!envelope) { throw new ApiError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403); }
    request = envelope;
    const isObject = envelope.protocol === 's3';
    const path = isObject ? objectPath(incoming, url) : `${url.pathname}${url.search}`;
    const body = isObject ? '' : await read(incoming);
    const action = actionOf(envelope, incoming, path, body);
    const full = { ...envelope, action, path, account: parts.credentials.account(envelope.accessKey) };
    request = full;
    checkTime(incoming.headers['x-amz-date'], timeOfAws(world), full);
    const fault = admit(parts, full, body);
    const { service, region, account } = full;
    const role = parts.credentials.role(envelope.accessKey);
    if (await parts.authority.allows?.({ service, action, region, account, role, path, body }) === false) { throw denied(service, action); }
    if (isObject) {
      await serveObject(parts, conditions, full, fault, incoming, response, finish);
      return;
    }
    const { content, type, status = 200, headers } = await answer(parts, full, body, incoming, requestId);
    if (fault === 'error-500-after-effect') { throw refusal('error-500', envelope.service, action)!; }
    if (fault === 'timeout-after-effect') { cut(world, incoming); finish(0, 'timeout'); return; }
    finish(status);
    response.writeHead(status, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(content), 'x-amzn-requestid': requestId });
    response.end(content);
  } catch (error) {
    const known = error instanceof ApiError ? error : new ApiError('InternalFailure', `The emulated cloud failed: ${(error as Error).stack}`, 500);
    finish(known.status, known.code);
    if (response.headersSent) { response.destroy(); return; }
    const { type, body } = errorBody(request.protocol ?? 'query', known, requestId);
    // What was not read would be taken for the next request.
    incoming.resume();
    response.writeHead(known.status, { 'content-type': type, 'content-length': Buffer.byteLength(body), 'x-amzn-requestid': requestId });
    response.end(incoming.method === 'HEAD' ? undefined : body);
  }
}

function timeOfAws({ clock, settings }: WorldState): Date {
  return new Date(clock.now() + settings.clockAheadMs);
}

/** Whether a call may be made at all, and the fault that it meets on its way. */
function admit(parts: ServerParts, request: Request, body: string): FaultKind | undefined {
  const { service, action, region, accessKey, protocol } = request;
  if (!conformanceOf(service, action)) {
    const code = protocol === 'json' ? 'UnknownOperationException' : protocol === 's3' ? 'NotImplemented' : 'InvalidAction';
    throw new ApiError(code, `The action ${service}:${action} is not valid for this web service.`, protocol === 's3' ? 501 : 400);
  }
  parts.credentials.check(accessKey, service, protocol);
  const fault = parts.faults.next(service, action, region);
  const { settings } = parts.world;
  if (settings.buckets && service === 'ec2' && !parts.buckets.take(request.account, region, action, /(Id\.1=|Filter\.1|MaxResults)/.test(body))) {
    throw throttled(service);
  }
  if (settings.denied.some((pattern) => isDenied(pattern, service, action, region))) { throw denied(service, action); }
  const refused = fault && refusal(fault, service, action);
  if (refused) { throw refused; }
  if (fault === 'async-failure') { parts.world.armFailure(action, region); }
  return fault;
}

function isDenied(pattern: string, service: string, action: string, region: string): boolean {
  const [call, where] = pattern.split('@');
  const [deniedService, deniedAction] = call.split(':');
  return deniedService === service && (deniedAction === '*' || deniedAction === action) && (where ?? region) === region;
}

interface Answered extends Pick<ServiceAnswer, 'status' | 'headers'> {
  readonly content: string | Buffer;
  readonly type: string;
}

async function answer(
  parts: ServerParts, request: Request, body: string, incoming: IncomingMessage, requestId: string,
): Promise<Answered> {
  const { world } = parts;
  const { service, action, account, region, protocol } = request;
  if (protocol === 'ec2') {
    const content = await answerEc2(world, { action, account, region, body, authorization: request.authorization }, requestId);
    await world.settled();
    return { content, type: 'text/xml;charset=UTF-8' };
  }
  const ask = async (content: string) => {
    const said = await world.moto.send({ method: incoming.method!, path: request.path, headers: incoming.headers, body: content });
    if (said.status >= 400) { throw (protocol === 'json' ? jsonError : codedError)(said.body.toString(), said.status); }
    return said.body;
  };
  if (service === 'cloudformation') {
    return { content: await parts.cloudFormation.answer({ action, account, region, accessKey: request.accessKey, body }, requestId), type: 'text/xml' };
  }
  const own = parts.services.byName.get(service);
  if (own) {
    const parameters = protocol === 'rest' ? restInput(request, incoming, body) : JSON.parse(body || '{}') as object;
    const { body: said, ...rest } = await own.handle({ action, account, region, input: { ...parameters } });
    return { ...rest, content: Buffer.isBuffer(said) ? said : JSON.stringify(said), type: protocol === 'rest' ? 'application/json' : 'application/x-amz-json-1.1' };
  }
  if (protocol === 'json') {
    const input = JSON.parse(body || '{}') as { readonly [name: string]: unknown };
    const isOurs = conformanceOf(service, action)!.by === 'overlay';
    const type = 'application/x-amz-json-1.1';
    if (!isOurs) { return { content: await ask(body), type }; }
    if (/Parameters?$/.test(action)) {
      const askParameters = async (given: object) => JSON.parse((await ask(JSON.stringify(given))).toString());
      const result = await answerParameters(world, { action, account, region, input }, askParameters);
      return { content: JSON.stringify(result), type };
    }
    if (!parts.ssm?.actions.has(action)) { throw new ApiError('UnknownOperationException', `${action} is not known here`); }
    return { content: JSON.stringify(await parts.ssm.handle({ action, account, region, input })), type };
  }
  const content = await ask(body);
  if (action === 'AssumeRole') { return { content: parts.credentials.issue(content.toString()), type: 'text/xml' }; }
  if (service === 'sns' && action === 'Publish') {
    const said = new URLSearchParams(body);
    parts.services.notifications.record({ topicArn: said.get('TopicArn')!, subject: said.get('Subject') ?? undefined, message: said.get('Message')! });
  }
  if (action === 'CreateInstanceProfile' || action === 'AddRoleToInstanceProfile') {
    world.births.set(`profile ${new URLSearchParams(body).get('InstanceProfileName')}`, world.clock.now());
  }
  return { content, type: 'text/xml' };
}

async function serveObject(
  { world }: ServerParts, conditions: ObjectConditions, request: Request, fault: FaultKind | undefined, incoming: IncomingMessage,
  response: ServerResponse, finish: (status: number, code?: string) => void,
): Promise<void> {
  const pass = async () => {
    if (fault === 'timeout-after-effect' || fault === 'error-500-after-effect') {
      await world.moto.send({ method: incoming.method!, path: request.path, headers: incoming.headers, body: await readBytes(incoming) });
      return undefined;
    }
    return world.moto.stream(incoming, request.path, response);
  };
  const isConditional = ['PutObject', 'CompleteMultipartUpload', 'DeleteObject'].includes(request.action) && ObjectConditions.applyTo(incoming);
  incoming.headers.authorization ??= scopeOf(request.region, 's3', request.accessKey);
  const status = await (isConditional ? conditions.write(incoming, request.path, pass) : pass());
  if (fault === 'error-500-after-effect') { throw refusal('error-500', 's3', request.action)!; }
  if (status === undefined) { cut(world, incoming); finish(0, 'timeout'); return; }
  finish(status, status >= 400 ? String(status) : undefined);
}

function actionOf({ protocol }: Envelope, incoming: IncomingMessage, path: string, body: string): string {
  if (protocol === 'json') { return String(incoming.headers['x-amz-target'] ?? '').split('.').pop()!; }
  if (protocol === 'rest') { return lambdaAction(incoming.method!, path)?.action ?? `${incoming.method} ${path}`; }
  if (protocol !== 's3') { return new URLSearchParams(body).get('Action') ?? new URL(path, 'http://localhost').searchParams.get('Action') ?? ''; }
  const url = new URL(path, 'http://localhost');
  const [, bucket, ...key] = url.pathname.split('/');
  const action = s3Action(incoming.method!, bucket, key.join('/'), url.searchParams) ?? `${incoming.method} ${url.pathname}`;
  return incoming.headers['x-amz-copy-source'] === undefined ? action : 'CopyObject';
}

/** Parameters of a call that names them in its path, its headers and its body. */
function restInput({ path }: Request, incoming: IncomingMessage, body: string): object {
  const { action, parameters } = lambdaAction(incoming.method!, path)!;
  const given = JSON.parse(body || '{}') as object;
  if (action !== 'Invoke') { return { ...given, ...parameters }; }
  return { ...parameters, InvocationType: incoming.headers['x-amz-invocation-type'], Payload: given };
}

/** Answers what needs no signature; `false` where it is nothing of that kind. */
async function serveOpenPath({ paths }: ServerParts, incoming: IncomingMessage, url: URL, response: ServerResponse): Promise<boolean> {
  const [prefix, serveIt] = [...paths].find(([path]) => url.pathname.startsWith(path)) ?? [];
  if (!serveIt) { return false; }
  await serveIt({ incoming, rest: url.pathname.slice(prefix!.length), query: url.searchParams }, response);
  return true;
}

/** Buckets may stand in the host's name. */
function objectPath(incoming: IncomingMessage, url: URL): string {
  const bucket = /^([^:]+)\.localhost(?::\d+)?$/.exec(incoming.headers.host ?? '')?.[1];
  return `${bucket ? `/${bucket}` : ''}${url.pathname}${url.search}`;
}

function jsonError(text: string, status: number): ApiError {
  try {
    const said = JSON.parse(text) as { readonly __type?: string; readonly message?: string; readonly Message?: string };
    return new ApiError(said.__type?.split('#').pop() ?? 'InternalServerError', said.message ?? said.Message ?? '', status);
  } catch { return new ApiError('InternalServerError', `moto cannot do this: ${text.replace(/<[^>]*>/g, ' ').slice(0, 300)}`, 400); }
}

function cut(world: WorldState, incoming: IncomingMessage): void {
  world.after(world.settings.timeoutMs, () => incoming.socket.destroy());
}

async function read(incoming: IncomingMessage): Promise<string> {
  return (await readBytes(incoming)).toString();
}

async function readBytes(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) { chunks.push(chunk as Buffer); }
  return Buffer.concat(chunks);
}
