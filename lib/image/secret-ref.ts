import type { SecretSpec } from '../plan/model';

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
   * @param name name of the parameter
   */
  public static ssm(name: string): SecretRef {
    return new SecretRef(`ssm:${name}`, name, { from: { type: 'ssm', name } });
  }

  /**
   * The current version of a secret in AWS Secrets Manager, in the account and region that builds.
   *
   * @param id name or ARN of the secret
   */
  public static secretsManager(id: string, options: SecretsManagerRefOptions = {}): SecretRef {
    const { key } = options;
    return new SecretRef(`secretsManager:${id}${key === undefined ? '' : `#${key}`}`, id, { from: { type: 'secretsManager', id, key } });
  }

  /**
   * The value of a variable in the environment that `golden` runs in.
   *
   * @param name name of the variable
   */
  public static environment(name: string): SecretRef {
    return new SecretRef(`environment:${name}`, name, { from: { type: 'environment', name } });
  }

  private constructor(
    /**
     * The name that the plan knows it by.
     * @internal
     */
    public readonly _name: string,
    /** @internal */
    public readonly _reference: string,
    /** @internal */
    public readonly _spec: SecretSpec,
  ) {}
}
