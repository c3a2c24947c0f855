/**
 * Where a late-bound value is read from.
 * @discriminator type
 */
export type ValueReference = SsmReference | SecretsManagerReference | EnvironmentReference | StackOutputReference | NamedByOutputReference;

export interface SsmReference {
  readonly type: 'ssm';
  readonly name: string;
}

export interface SecretsManagerReference {
  readonly type: 'secretsManager';
  readonly id: string;
  /** Key in a secret that is a JSON object; absent: the whole secret. */
  readonly key?: string;
}

/** An output of a CloudFormation stack that is deployed before the image is built. */
export interface StackOutputReference {
  readonly type: 'stackOutput';
  /** Name of the stack. */
  readonly stack: string;
  /** Logical ID of the output. */
  readonly output: string;
  /** Absent: the region that the image is built in. */
  readonly region?: string;
}

/** An SSM parameter or a secret whose name or ARN is an output of a stack. */
export interface NamedByOutputReference {
  readonly type: 'namedByOutput';
  readonly service: 'ssm' | 'secretsManager';
  readonly id: StackOutputReference;
  /** Key in a secret that is a JSON object; absent: the whole secret. */
  readonly key?: string;
}

/** A variable of the environment that the engine runs in. */
export interface EnvironmentReference {
  readonly type: 'environment';
  readonly name: string;
}

/**
 * Something of the account that may be known only when the image is built, such as the ID of a subnet.
 * @discriminator type
 */
export type LateValue = LiteralValue | SsmReference | SecretsManagerReference | EnvironmentReference | StackOutputReference;

/** Known at synthesis. */
export interface LiteralValue {
  readonly type: 'literal';
  readonly value: string;
}
