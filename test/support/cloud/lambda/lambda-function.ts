/** A function, as it is configured. */
export interface LambdaFunction {
  readonly name: string;
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly role: string;
  readonly runtime: string;
  /** `index.handler` */
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly environment: { readonly [name: string]: string };
  readonly description: string;
  readonly logGroup: string;
  /** Where its code lies unpacked. */
  readonly folder: string;
  readonly statements: readonly PolicyStatement[];
  /** How often an event that failed is tried again. */
  readonly retryAttempts: number;
}

/** Who may invoke it, beside its own account. */
export interface PolicyStatement {
  readonly sid: string;
  readonly action: string;
  /** `events.amazonaws.com`, an account or an ARN */
  readonly principal: string;
  readonly sourceArn?: string;
  readonly sourceAccount?: string;
}

/** What an invocation came to. */
export interface InvocationResult {
  /** JSON text. */
  readonly payload: string;
  readonly failed: boolean;
}

export interface Invocation {
  readonly functionName: string;
  readonly requestId: string;
  readonly event: unknown;
  readonly result: InvocationResult;
}
