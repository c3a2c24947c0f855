import type { ParameterSpec } from '../plan/model';

/** What a late-bound value has to look like. */
export enum ParameterType {
  /** Any text. */
  STRING = 'string',
  /** A number; any other value fails the build before a machine is started. */
  NUMBER = 'number',
}

/** Options of a late-bound value. */
export interface ParameterRefOptions {
  /**
   * What the value has to look like.
   *
   * @default ParameterType.STRING
   */
  readonly parameterType?: ParameterType;
}

/**
 * A value that is known only when the image is built. The plan holds where it is read from, never the value.
 *
 * Another value is another build of the same definition.
 */
export class ParameterRef {
  /**
   * The value of a parameter in the SSM parameter store of the account and region that builds.
   *
   * @param name name of the parameter
   */
  public static ssm(name: string, options: ParameterRefOptions = {}): ParameterRef {
    return new ParameterRef(name, { type: options.parameterType ?? ParameterType.STRING, from: { type: 'ssm', name } });
  }

  /**
   * The value of a variable in the environment that `golden` runs in.
   *
   * @param name name of the variable
   */
  public static environment(name: string, options: ParameterRefOptions = {}): ParameterRef {
    return new ParameterRef(name, { type: options.parameterType ?? ParameterType.STRING, from: { type: 'environment', name } });
  }

  /**
   * The name that the plan knows it by.
   * @internal
   */
  public readonly _name: string;

  private constructor(
    /** @internal */
    public readonly _reference: string,
    /** @internal */
    public readonly _spec: ParameterSpec,
  ) {
    const name = `${_spec.from.type}:${_reference}`;
    this._name = _spec.type === 'string' ? name : `${name}:${_spec.type}`;
  }
}
