import { invalid, type ParameterDeclaration, type Template } from './template';

/** A parameter of a stack. */
export interface StackParameter {
  /** As it was given: for a parameter of Parameter Store, its name. */
  readonly value: string;
  /** What Parameter Store had under that name. */
  readonly resolved?: string;
}

export type StackParameters = ReadonlyMap<string, StackParameter>;

/** One as a call gives it. */
export interface GivenParameter {
  readonly key: string;
  readonly value?: string;
  readonly usePrevious: boolean;
}

/** Reads values from Parameter Store, by name; those that are not there are missing. */
export type ReadParameters = (names: readonly string[]) => Promise<ReadonlyMap<string, string>>;

const STORED = /^AWS::SSM::Parameter::Value<(.+)>$/;

/** Values of a template's parameters: as given, as before, or as declared. What Parameter Store has is read anew. */
export async function stackParameters(
  template: Template, given: readonly GivenParameter[], previous: StackParameters | undefined, read: ReadParameters,
): Promise<StackParameters> {
  const declared = template.Parameters ?? {};
  const foreign = given.filter(({ key }) => !Object.hasOwn(declared, key)).map(({ key }) => key);
  if (foreign.length > 0) { throw invalid(`Parameters: [${foreign.join(', ')}] do not exist in the template`); }
  const values = new Map<string, string>();
  const missing: string[] = [];
  for (const [key, declaration] of Object.entries(declared)) {
    const one = given.find((candidate) => candidate.key === key);
    const value = one?.usePrevious ? previous?.get(key)?.value : one?.value ?? defaultOf(declaration);
    if (value === undefined) { missing.push(key); continue; }
    check(key, value, declaration);
    values.set(key, value);
  }
  if (missing.length > 0) { throw invalid(`Parameters: [${missing.join(', ')}] must have values`); }
  const stored = [...values].filter(([key]) => STORED.test(declared[key].Type));
  const found = stored.length > 0 ? await read([...new Set(stored.map(([, name]) => name))]) : new Map<string, string>();
  const absent = stored.map(([, name]) => name).filter((name) => !found.has(name));
  if (absent.length > 0) { throw invalid(`Unable to fetch parameters [${[...new Set(absent)].join(',')}] from parameter store for this account.`); }
  return new Map([...values].map(([key, value]) => [key, STORED.test(declared[key].Type) ? { value, resolved: found.get(value)! } : { value }]));
}

/** What `Ref` gives: lists for list types. */
export function parameterValue({ Type }: ParameterDeclaration, { value, resolved }: StackParameter): unknown {
  const inner = STORED.exec(Type)?.[1] ?? Type;
  const text = resolved ?? value;
  return inner === 'CommaDelimitedList' || inner.startsWith('List<') ? splitList(text) : text;
}

/** Whether a parameter may be shown. */
export function isHidden({ NoEcho }: ParameterDeclaration): boolean {
  return String(NoEcho) === 'true';
}

function splitList(text: string): readonly string[] {
  return text === '' ? [] : text.split(',').map((part) => part.trim());
}

function defaultOf({ Default }: ParameterDeclaration): string | undefined {
  return Default === undefined ? undefined : Array.isArray(Default) ? Default.join(',') : String(Default);
}

function check(key: string, value: string, declaration: ParameterDeclaration): void {
  const { Type, AllowedValues, AllowedPattern, ConstraintDescription, MinLength, MaxLength } = declaration;
  const fail = (rule: string) => invalid(ConstraintDescription ? `Parameter ${key} failed to satisfy constraint: ${ConstraintDescription}` : `Parameter '${key}' must ${rule}`);
  if (AllowedValues && !AllowedValues.map(String).includes(value)) { throw fail('be one of AllowedValues'); }
  if (AllowedPattern !== undefined && !new RegExp(`^(?:${AllowedPattern})$`).test(value)) { throw fail(`match pattern ${AllowedPattern}`); }
  if (MinLength !== undefined && value.length < Number(MinLength)) { throw fail(`contain at least ${MinLength} characters`); }
  if (MaxLength !== undefined && value.length > Number(MaxLength)) { throw fail(`contain at most ${MaxLength} characters`); }
  if (Type === 'Number' && !/^-?\d+(\.\d+)?$/.test(value)) { throw fail('be a number'); }
}
