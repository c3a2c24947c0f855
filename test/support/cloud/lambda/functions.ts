import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { configured, invalid, type FunctionInput } from './function-input';
import type { LambdaFunction, PolicyStatement } from './lambda-function';
import { ApiError } from '../protocol/api-error';
import type { ServiceSurroundings } from '../service-surroundings';

/** Puts the code of a function into a folder. */
export type WriteCode = (folder: string) => void;

interface Place {
  readonly account: string;
  readonly region: string;
}

/** Packages that the runtime has. */
const OF_THE_RUNTIME = join(__dirname, '..', '..', '..', '..', 'node_modules');

/** The functions that there are. */
export class Functions {
  private readonly known = new Map<string, LambdaFunction>();

  constructor(private readonly surroundings: ServiceSurroundings) {}

  async create(place: Place, input: FunctionInput, writeCode: WriteCode): Promise<LambdaFunction> {
    const name = input.FunctionName!;
    const arn = `arn:aws:lambda:${place.region}:${place.account}:function:${name}`;
    if (this.known.has(arn)) { throw new ApiError('ResourceConflictException', `Function already exist: ${name}`, 409); }
    const created = configured({
      ...place,
      name,
      arn,
      role: '',
      runtime: '',
      handler: '',
      timeoutSeconds: 3,
      memoryMegabytes: 128,
      environment: {},
      description: '',
      logGroup: `/aws/lambda/${name}`,
      folder: '',
      statements: [],
      retryAttempts: 2,
    }, input);
    await this.checkRole(created.role);
    return this.keep({ ...created, folder: unpacked(writeCode) });
  }

  async configure(place: Place, name: string, input: FunctionInput): Promise<LambdaFunction> {
    const after = configured(this.find(place, name), { ...input, FunctionName: undefined });
    await this.checkRole(after.role);
    return this.keep(after);
  }

  replaceCode(place: Place, name: string, writeCode: WriteCode): LambdaFunction {
    const before = this.find(place, name);
    const after = this.keep({ ...before, folder: unpacked(writeCode) });
    rmSync(before.folder, { recursive: true, force: true });
    return after;
  }

  delete(place: Place, name: string): void {
    const lambda = this.find(place, name);
    this.known.delete(lambda.arn);
    rmSync(lambda.folder, { recursive: true, force: true });
  }

  /** By its name, its ARN, or the part of the ARN with account and name. */
  find({ account, region }: Place, name: string): LambdaFunction {
    const arn = name.startsWith('arn:') ? name : `arn:aws:lambda:${region}:${account}:function:${name.split(':').pop()}`;
    const lambda = this.known.get(arn);
    if (!lambda) { throw new ApiError('ResourceNotFoundException', `Function not found: ${arn}`, 404); }
    return lambda;
  }

  all({ account, region }: Place): LambdaFunction[] {
    return [...this.known.values()].filter((one) => one.account === account && one.region === region);
  }

  addStatement(place: Place, name: string, statement: PolicyStatement): void {
    const lambda = this.find(place, name);
    if (lambda.statements.some(({ sid }) => sid === statement.sid)) {
      throw new ApiError('ResourceConflictException', `The statement id (${statement.sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`, 409);
    }
    this.keep({ ...lambda, statements: [...lambda.statements, statement] });
  }

  removeStatement(place: Place, name: string, id: string): void {
    const lambda = this.find(place, name);
    const statements = lambda.statements.filter(({ sid }) => sid !== id);
    if (statements.length === lambda.statements.length) { throw new ApiError('ResourceNotFoundException', `Statement ${id} is not found in resource policy.`, 404); }
    this.keep({ ...lambda, statements });
  }

  /** How often its events are tried again. */
  keepAttempts(place: Place, name: string, retryAttempts: number): object {
    const lambda = this.keep({ ...this.find(place, name), retryAttempts });
    return { FunctionArn: `${lambda.arn}:$LATEST`, MaximumRetryAttempts: retryAttempts };
  }

  clear(): void {
    for (const { folder } of this.known.values()) { rmSync(folder, { recursive: true, force: true }); }
    this.known.clear();
  }

  private keep(lambda: LambdaFunction): LambdaFunction {
    this.known.set(lambda.arn, lambda);
    return lambda;
  }

  private async checkRole(role: string): Promise<void> {
    if (await this.surroundings.roles.assume(role, 'lambda.amazonaws.com', 'check')) { return; }
    throw invalid('The role defined for the function cannot be assumed by Lambda.');
  }
}

function unpacked(writeCode: WriteCode): string {
  const folder = mkdtempSync(join(tmpdir(), 'golden-lambda-'));
  writeCode(folder);
  for (const scope of ['@aws-sdk', '@smithy']) {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    try { symlinkSync(join(OF_THE_RUNTIME, scope), join(folder, 'node_modules', scope)); } catch { /* the code brings its own */ }
  }
  return folder;
}
