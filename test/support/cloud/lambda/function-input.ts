import type { LambdaFunction } from './lambda-function';
import { ApiError } from '../protocol/api-error';

/** Parameters of CreateFunction and UpdateFunctionConfiguration that are understood; others are an error, so that nothing is ignored in silence. */
export interface FunctionInput {
  readonly FunctionName?: string;
  readonly Runtime?: string;
  readonly Role?: string;
  readonly Handler?: string;
  readonly Timeout?: number;
  readonly MemorySize?: number;
  readonly Description?: string;
  readonly Environment?: { readonly Variables?: { readonly [name: string]: string } };
  readonly LoggingConfig?: { readonly LogGroup?: string };
}

const UNDERSTOOD = new Set([
  'FunctionName', 'Runtime', 'Role', 'Handler', 'Timeout', 'MemorySize', 'Description', 'Environment', 'LoggingConfig', 'Code', 'Publish', 'PackageType',
  // These change nothing that can be seen here.
  'Tags', 'Architectures', 'EphemeralStorage', 'TracingConfig',
]);

/** A function with what is asked of it. */
export function configured(before: LambdaFunction, input: FunctionInput): LambdaFunction {
  const unknown = Object.keys(input).find((name) => !UNDERSTOOD.has(name));
  if (unknown !== undefined) { throw invalid(`${unknown} is not known here`); }
  const timeoutSeconds = Number(input.Timeout ?? before.timeoutSeconds);
  if (!(timeoutSeconds >= 1 && timeoutSeconds <= 900)) {
    throw new ApiError('ValidationException', `1 validation error detected: Value '${timeoutSeconds}' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900`);
  }
  const runtime = input.Runtime ?? before.runtime;
  if (!/^nodejs(18|20|22|24)\.x$/.test(runtime)) { throw invalid(`The runtime ${runtime} cannot be run here`); }
  const environment = input.Environment?.Variables ?? before.environment;
  const reserved = Object.keys(environment).find((name) => /^(AWS_REGION|AWS_DEFAULT_REGION|AWS_LAMBDA_|AWS_ACCESS_KEY|AWS_SECRET|AWS_SESSION|_HANDLER|LAMBDA_)/.test(name));
  if (reserved !== undefined) { throw invalid(`Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved}`); }
  if (Buffer.byteLength(JSON.stringify(environment)) > 4096) {
    throw invalid('Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.');
  }
  return {
    ...before,
    runtime,
    timeoutSeconds,
    environment,
    role: input.Role ?? before.role,
    handler: input.Handler ?? before.handler,
    memoryMegabytes: Number(input.MemorySize ?? before.memoryMegabytes),
    description: input.Description ?? before.description,
    logGroup: input.LoggingConfig?.LogGroup ?? before.logGroup,
  };
}

export function invalid(message: string): ApiError {
  return new ApiError('InvalidParameterValueException', message);
}

/** As GetFunctionConfiguration answers. */
export function configurationOf(lambda: LambdaFunction): object {
  return {
    FunctionName: lambda.name,
    FunctionArn: lambda.arn,
    Runtime: lambda.runtime,
    Role: lambda.role,
    Handler: lambda.handler,
    Timeout: lambda.timeoutSeconds,
    MemorySize: lambda.memoryMegabytes,
    Description: lambda.description,
    Environment: { Variables: lambda.environment },
    LoggingConfig: { LogFormat: 'Text', LogGroup: lambda.logGroup },
    Version: '$LATEST',
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
  };
}
