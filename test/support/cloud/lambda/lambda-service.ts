import { configurationOf, invalid, type FunctionInput } from './function-input';
import { newLogStream, runFunction } from './function-process';
import { Functions, type WriteCode } from './functions';
import type { Invocation, InvocationResult, LambdaFunction } from './lambda-function';
import { newRequestId } from '../ids';
import { LogStream } from '../log-stream';
import { ApiError } from '../protocol/api-error';
import { answer, type Service, type ServiceAnswer, type ServiceCall } from '../service';
import { readObject } from '../service-client';
import type { ServiceSurroundings } from '../service-surroundings';
import { unpackZip } from '../zip';

/** How Lambda behaves; tests change it. */
export interface LambdaSettings {
  /** How long it waits before it tries a failed event again: minutes on AWS. */
  retryDelaysMs: number[];
  /** Functions of these names fail before their code is run, as where there is no room for them. */
  unavailable: string[];
}

/** Who asks for an invocation that is not of the account itself. */
export interface Invoker {
  /** `events.amazonaws.com` */
  readonly principal: string;
  readonly sourceArn: string;
}

const NOTHING: ServiceAnswer = { body: Buffer.alloc(0), status: 204 };

const retryDelays = () => [100, 200];

/** Lambda. Functions are really run, in processes of their own. */
export class LambdaService implements Service {
  readonly settings: LambdaSettings = { retryDelaysMs: retryDelays(), unavailable: [] };
  /** Every invocation that has ended, in the order of their ends; retries count. */
  readonly invocations: Invocation[] = [];
  readonly functions: Functions;
  private going = new Set<Promise<unknown>>();
  private end = new AbortController();

  private readonly calls: { readonly [action: string]: (call: ServiceCall) => Promise<ServiceAnswer> } = {
    CreateFunction: async (call) => {
      const code = await this.codeIn(call, call.input.Code);
      return answer(configurationOf(await this.functions.create(call, call.input as FunctionInput, code)), 201);
    },
    GetFunction: async (call) => answer({ Configuration: configurationOf(this.named(call)), Code: { RepositoryType: 'S3' } }),
    GetFunctionConfiguration: async (call) => answer(configurationOf(this.named(call))),
    ListFunctions: async (call) => answer({ Functions: this.functions.all(call).map(configurationOf) }),
    UpdateFunctionCode: async (call) => answer(configurationOf(this.functions.replaceCode(call, nameIn(call), await this.codeIn(call, call.input)))),
    UpdateFunctionConfiguration: async (call) => answer(configurationOf(await this.functions.configure(call, nameIn(call), call.input))),
    DeleteFunction: async (call) => { this.functions.delete(call, nameIn(call)); return NOTHING; },
    AddPermission: async (call) => answer(this.addPermission(call), 201),
    RemovePermission: async (call) => { this.functions.removeStatement(call, nameIn(call), String(call.input.StatementId)); return NOTHING; },
    GetPolicy: async (call) => answer({ Policy: policyOf(this.named(call)) }),
    PutFunctionEventInvokeConfig: async (call) => {
      return answer(this.functions.keepAttempts(call, nameIn(call), Number(call.input.MaximumRetryAttempts ?? 2)));
    },
    Invoke: (call) => this.answerInvoke(call),
  };
  readonly actions = new Set(Object.keys(this.calls));

  constructor(private readonly surroundings: ServiceSurroundings) {
    this.functions = new Functions(surroundings);
  }

  handle(call: ServiceCall): Promise<ServiceAnswer> {
    return this.calls[call.action](call);
  }

  /** Runs a function once, and waits for what it answers. */
  async invoke(lambda: LambdaFunction, event: unknown): Promise<InvocationResult> {
    const requestId = newRequestId();
    const running = this.run(lambda, event, requestId);
    this.going.add(running);
    try {
      const result = await running;
      this.invocations.push({ functionName: lambda.name, requestId, event, result });
      return result;
    } finally { this.going.delete(running); }
  }

  /** Takes an event, and runs the function until it has succeeded or failed for the last time. */
  invokeLater(arn: string, event: unknown): void {
    const { signal } = this.end;
    const attempts = async () => {
      for (const [attempt, delay] of [0, ...this.settings.retryDelaysMs].entries()) {
        await this.surroundings.sleep(delay, signal);
        if (signal.aborted) { return; }
        const lambda = this.functions.find({ account: '', region: '' }, arn);
        if (attempt > lambda.retryAttempts || !(await this.invoke(lambda, event)).failed) { return; }
      }
    };
    const going = attempts().catch(() => { /* it was deleted meanwhile */ });
    this.going.add(going);
    void going.finally(() => this.going.delete(going));
  }

  /** Whether the policy of a function lets another service invoke it. */
  allows(lambda: LambdaFunction, { principal, sourceArn }: Invoker): boolean {
    return lambda.statements.some((one) => one.principal === principal && /^lambda:(InvokeFunction|\*)$/.test(one.action)
      && (one.sourceArn === undefined || matchesArn(one.sourceArn, sourceArn))
      && (one.sourceAccount === undefined || one.sourceAccount === lambda.account));
  }

  /** Waits for all that is under way. */
  async settled(): Promise<void> {
    while (this.going.size > 0) { await Promise.allSettled([...this.going]); }
  }

  async reset(): Promise<void> {
    this.end.abort();
    await this.settled();
    this.end = new AbortController();
    this.functions.clear();
    this.invocations.length = 0;
    Object.assign(this.settings, { retryDelaysMs: retryDelays(), unavailable: [] });
  }

  private named(call: ServiceCall): LambdaFunction {
    return this.functions.find(call, nameIn(call));
  }

  private async run(lambda: LambdaFunction, event: unknown, requestId: string): Promise<InvocationResult> {
    if (this.settings.unavailable.includes(lambda.name)) {
      return { failed: true, payload: JSON.stringify({ errorType: 'ServiceException', errorMessage: 'Lambda has no capacity for this function' }) };
    }
    const credentials = await this.surroundings.roles.assume(lambda.role, 'lambda.amazonaws.com', lambda.name);
    if (!credentials) { return { failed: true, payload: JSON.stringify({ errorMessage: 'The role defined for the function cannot be assumed by Lambda.' }) }; }
    const endpoint = this.surroundings.endpoint();
    const stream = newLogStream(this.surroundings.now());
    const log = new LogStream(async () => ({ endpoint, region: lambda.region, credentials }), { group: lambda.logGroup, stream }, () => Date.now());
    // A function whose role may not write its log runs all the same.
    await log.open().catch(() => {});
    const result = await runFunction(lambda, { endpoint, credentials, requestId, event, logStream: stream, log, signal: this.end.signal });
    await log.flush();
    return result;
  }

  private async answerInvoke(call: ServiceCall): Promise<ServiceAnswer> {
    const lambda = this.named(call);
    const event = call.input.Payload;
    if (call.input.InvocationType === 'DryRun') { return NOTHING; }
    if (call.input.InvocationType === 'Event') { this.invokeLater(lambda.arn, event); return { body: Buffer.alloc(0), status: 202 }; }
    const { failed, payload } = await this.invoke(lambda, event);
    return { body: Buffer.from(payload), headers: { 'x-amz-executed-version': '$LATEST', ...failed ? { 'x-amz-function-error': 'Unhandled' } : {} } };
  }

  private addPermission(call: ServiceCall): object {
    const { StatementId, Action, Principal, SourceArn, SourceAccount } = call.input as { readonly [name: string]: string | undefined };
    this.functions.addStatement(call, nameIn(call), {
      sid: StatementId!, action: Action!, principal: Principal!, sourceArn: SourceArn, sourceAccount: SourceAccount,
    });
    return { Statement: JSON.stringify({ Sid: StatementId, Effect: 'Allow', Principal: { Service: Principal }, Action, Resource: this.named(call).arn }) };
  }

  private async codeIn(call: ServiceCall, code: unknown): Promise<WriteCode> {
    const { ZipFile, S3Bucket, S3Key } = code as { readonly [name: string]: string | undefined };
    if (ZipFile !== undefined) { return (folder) => unpackZip(Buffer.from(ZipFile, 'base64'), folder); }
    if (S3Bucket === undefined || S3Key === undefined) { throw invalid('Please provide a source for function code.'); }
    const archive = await readObject({
      endpoint: this.surroundings.endpoint(), region: call.region, credentials: { accessKeyId: 'test', secretAccessKey: 'test', sessionToken: '', expiration: '' },
    }, S3Bucket, S3Key);
    return (folder) => unpackZip(archive, folder);
  }
}

function nameIn(call: ServiceCall): string {
  return String(call.input.FunctionName);
}

function policyOf({ arn, statements }: LambdaFunction): string {
  if (statements.length === 0) { throw new ApiError('ResourceNotFoundException', 'The resource you requested does not exist.', 404); }
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'default',
    Statement: statements.map(({ sid, action, principal, sourceArn, sourceAccount }) => ({
      Sid: sid, Effect: 'Allow', Principal: { Service: principal }, Action: action, Resource: arn, Condition: { ArnLike: sourceArn && { 'AWS:SourceArn': sourceArn }, StringEquals: sourceAccount && { 'AWS:SourceAccount': sourceAccount } },
    })),
  });
}

function matchesArn(pattern: string, arn: string): boolean {
  return new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.')}$`).test(arn);
}
