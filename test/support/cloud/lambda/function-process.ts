import { randomBytes } from 'crypto';
import type { Readable, Writable } from 'stream';
import { BOOTSTRAP } from './bootstrap';
import type { InvocationResult, LambdaFunction } from './lambda-function';
import { killGroup, start } from '../../../../lib/process';
import type { LogStream } from '../log-stream';
import type { SessionCredentials } from '../role-sessions';

export interface FunctionCall {
  readonly endpoint: string;
  readonly credentials: SessionCredentials;
  readonly requestId: string;
  readonly event: unknown;
  readonly logStream: string;
  readonly log: LogStream;
  /** Ends it as if its computer were gone. */
  readonly signal: AbortSignal;
}

/** Runs a function for one event, in a process of its own, as a cold start does. */
export function runFunction(lambda: LambdaFunction, call: FunctionCall): Promise<InvocationResult> {
  const { requestId, log } = call;
  const startedAt = Date.now();
  const child = start([process.execPath, '-e', BOOTSTRAP], {
    cwd: lambda.folder, env: environmentOf(lambda, call), stdio: ['pipe', 'pipe', 'pipe', 'pipe'], detached: true,
  });
  log.write(`START RequestId: ${requestId} Version: $LATEST\n`);
  let said = '';
  let timedOut = false;
  (child.stdio[3] as Readable).on('data', (data) => { said += data; });
  for (const stream of [child.stdout!, child.stderr!]) { eachLine(stream, (line) => log.write(`${line.replace(/\r/g, '\n')}\n`)); }
  const timer = setTimeout(() => { timedOut = true; killGroup(child); }, lambda.timeoutSeconds * 1000);
  const abort = () => killGroup(child);
  call.signal.addEventListener('abort', abort, { once: true });
  const input = child.stdin as Writable;
  input.on('error', () => { /* it ended before it read */ });
  input.end(JSON.stringify({ event: call.event ?? null, context: contextOf(lambda, call), deadline: startedAt + lambda.timeoutSeconds * 1000 }));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // What it started freezes with it, and holds its output open no longer.
    child.once('exit', () => killGroup(child));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      call.signal.removeEventListener('abort', abort);
      const result = resultOf(said, timedOut, lambda, requestId, code === null ? `signal: ${signal}` : `exit status ${code}`);
      const milliseconds = Date.now() - startedAt;
      log.write(`END RequestId: ${requestId}\n`);
      log.write(`REPORT RequestId: ${requestId}\tDuration: ${milliseconds}.00 ms\tBilled Duration: ${milliseconds} ms\tMemory Size: ${lambda.memoryMegabytes} MB\t\n`);
      resolve(result);
    });
  });
}

/** A new log stream for each environment that a function runs in. */
export function newLogStream(now: number): string {
  return `${new Date(now).toISOString().slice(0, 10).replace(/-/g, '/')}/[$LATEST]${randomBytes(16).toString('hex')}`;
}

function resultOf(said: string, timedOut: boolean, lambda: LambdaFunction, requestId: string, end: string): InvocationResult {
  if (timedOut) {
    const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${lambda.timeoutSeconds.toFixed(2)} seconds`;
    return { failed: true, payload: JSON.stringify({ errorType: 'Sandbox.Timedout', errorMessage }) };
  }
  if (said === '') {
    const errorMessage = `RequestId: ${requestId} Error: Runtime exited with error: ${end}`;
    return { failed: true, payload: JSON.stringify({ errorType: 'Runtime.ExitError', errorMessage }) };
  }
  const { failed, payload } = JSON.parse(said) as { readonly failed: boolean; readonly payload: unknown };
  return { failed, payload: JSON.stringify(payload) };
}

function environmentOf(lambda: LambdaFunction, { endpoint, credentials, logStream }: FunctionCall): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    ...lambda.environment,
    _HANDLER: lambda.handler,
    LAMBDA_TASK_ROOT: lambda.folder,
    AWS_EXECUTION_ENV: `AWS_Lambda_${lambda.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: lambda.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(lambda.memoryMegabytes),
    AWS_LAMBDA_LOG_GROUP_NAME: lambda.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    AWS_REGION: lambda.region,
    AWS_DEFAULT_REGION: lambda.region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    // Where the host is a number, clients of S3 leave it as it is.
    AWS_ENDPOINT_URL: endpoint.replace('localhost', '127.0.0.1'),
  };
}

function contextOf(lambda: LambdaFunction, { requestId, logStream }: FunctionCall): object {
  return {
    awsRequestId: requestId,
    functionName: lambda.name,
    functionVersion: '$LATEST',
    invokedFunctionArn: lambda.arn,
    memoryLimitInMB: String(lambda.memoryMegabytes),
    logGroupName: lambda.logGroup,
    logStreamName: logStream,
    callbackWaitsForEmptyEventLoop: true,
  };
}

function eachLine(stream: Readable, act: (line: string) => void): void {
  let unread = '';
  stream.on('data', (data) => {
    const lines = (unread + data).split('\n');
    unread = lines.pop()!;
    lines.forEach(act);
  });
  stream.on('end', () => { if (unread) { act(unread); } });
}
