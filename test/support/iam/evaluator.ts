/** What a call asks of one resource. */
export interface Demand {
  /** `ec2:RunInstances` */
  readonly action: string;
  /** ARN, or `*` for actions without resources. */
  readonly resource: string;
  /** What else the resource is called in policies: any of the names will do. */
  readonly otherNames?: readonly string[];
  /** Condition keys that the request has. */
  readonly context: { readonly [key: string]: string };
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: { readonly [operator: string]: { readonly [key: string]: string | readonly string[] } };
}

/** The statements of a policy that allow something. An evaluator of what we use of IAM, that fails on what it does not know. */
export function allowing(document: object, { action, resource, otherNames = [], context }: Demand): readonly object[] {
  return statementsOf(document).filter(({ Effect, Action, Resource, Condition = {} }) => {
    if (Effect !== 'Allow') { throw new Error(`The effect ${Effect} is not known here`); }
    return list(Action).some((pattern) => matches(pattern, action, 'i')) && list(Resource).some((pattern) => [resource, ...otherNames].some((name) => matches(pattern, name)))
      && Object.entries(Condition).every(([operator, keys]) => (
        Object.entries(keys).every(([key, values]) => holds(operator, context[key], list(values)))
      ));
  });
}

export function actionsOf(document: object): readonly string[] {
  return [...new Set(statementsOf(document).flatMap(({ Action }) => list(Action)))].sort();
}

/** A key that the request does not have satisfies none of these. */
function holds(operator: string, actual: string | undefined, values: readonly string[]): boolean {
  switch (operator) {
    case 'StringEquals':
    case 'Bool':
      return actual !== undefined && values.includes(actual);
    case 'StringLike':
    case 'ArnLike':
      return actual !== undefined && values.some((value) => matches(value, actual));
    default: throw new Error(`The operator ${operator} is not known here`);
  }
}

function matches(pattern: string, text: string, flags = ''): boolean {
  // Variables of policies stand for what the caller is called.
  const source = pattern.replace(/\$\{aws:\w+\}/g, '*').replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.');
  return new RegExp(`^${source}$`, flags).test(text);
}

function statementsOf(document: object): readonly Statement[] {
  return (document as { readonly Statement: readonly Statement[] }).Statement;
}

function list(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
