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
   * @param name name of the parameter; may be a token of another stack, which is then deployed before the image is built
   */
  public static ssm(name: string, options: ParameterRefOptions = {}): ParameterRef {
    return new ParameterRef('ssm', name, options);
  }

  /**
   * The value of a variable in the environment that `golden` runs in.
   *
   * @param name name of the variable
   */
  public static environment(name: string, options: ParameterRefOptions = {}): ParameterRef {
    return new ParameterRef('environment', name, options);
  }

  /**
   * What a construct of another stack says of itself, such as the name of a bucket. That stack gets an output with it, and is
   * deployed before the image is built. What its own stack declares cannot be there in time: the synthesis fails, and says so.
   *
   * @param value a token of another stack of the same stage and account, alone or in a text; a plain text is taken as it is
   */
  public static value(value: string, options: ParameterRefOptions = {}): ParameterRef {
    return new ParameterRef('value', value, options);
  }

  /** @internal */
  public readonly _type: ParameterSpec['type'];

  private constructor(
    /** @internal */
    public readonly _kind: 'ssm' | 'environment' | 'value',
    /** @internal */
    public readonly _reference: string,
    options: ParameterRefOptions,
  ) {
    this._type = options.parameterType ?? ParameterType.STRING;
  }
}
