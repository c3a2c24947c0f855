/** Options of a secret in AWS Secrets Manager. */
export interface SecretsManagerRefOptions {
  /**
   * The key to read in a secret that is a JSON object.
   *
   * @default - the whole secret
   */
  readonly key?: string;
}

/**
 * A secret that is read when the image is built. The plan holds where it is read from, never what it is.
 *
 * Only the provisioner that names it gets it, in an environment variable. It is in no argument, log, journal or image.
 */
export class SecretRef {
  /**
   * The value of a parameter, usually a `SecureString`, in the SSM parameter store of the account and region that builds.
   *
   * @param name name of the parameter; may be a token of another stack, which is then deployed before the image is built
   */
  public static ssm(name: string): SecretRef {
    return new SecretRef('ssm', name);
  }

  /**
   * The current version of a secret in AWS Secrets Manager, in the account and region that builds.
   *
   * @param id name or ARN of the secret; may be a token of another stack, which is then deployed before the image is built
   */
  public static secretsManager(id: string, options: SecretsManagerRefOptions = {}): SecretRef {
    return new SecretRef('secretsManager', id, options.key);
  }

  /**
   * The value of a variable in the environment that `golden` runs in.
   *
   * @param name name of the variable
   */
  public static environment(name: string): SecretRef {
    return new SecretRef('environment', name);
  }

  private constructor(
    /** @internal */
    public readonly _kind: 'ssm' | 'secretsManager' | 'environment',
    /** @internal */
    public readonly _reference: string,
    /** @internal */
    public readonly _key?: string,
  ) {}
}
