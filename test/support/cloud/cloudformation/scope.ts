import { evaluate, type Scope } from './functions';
import { parameterValue, type StackParameters } from './stack-parameters';
import { invalid, type Template } from './template';

/** Where a template is. */
export interface Place {
  readonly stackId: string;
  readonly stackName: string;
  readonly account: string;
  readonly region: string;
  readonly notificationArns: readonly string[];
}

/** What other stacks and services say. */
export interface Surroundings {
  importValue(name: string): unknown;
  zones(region: string): readonly string[];
}

/** How resources are looked up; undefined where there is none of that name. */
export interface ResourceLookup {
  ref(logicalId: string): unknown;
  attribute(logicalId: string, name: string): unknown;
}

export function scopeOf(template: Template, parameters: StackParameters, place: Place, surroundings: Surroundings, resources: ResourceLookup): Scope {
  const conditions = new Map<string, boolean>();
  const pseudo = pseudoParameters(place);
  const scope: Scope = {
    ref: (name) => {
      const parameter = parameters.get(name);
      if (parameter) { return parameterValue(template.Parameters![name], parameter); }
      return pseudo.get(name) ?? resources.ref(name);
    },
    attribute: (logicalId, name) => resources.attribute(logicalId, name),
    condition: (name) => {
      const known = conditions.get(name);
      if (known !== undefined) { return known; }
      const declared = template.Conditions?.[name];
      if (declared === undefined) { throw invalid(`Template error: unresolved condition dependency ${name}`); }
      const value = evaluate(declared, scope) === true;
      conditions.set(name, value);
      return value;
    },
    mapped: (map, first, second) => template.Mappings?.[map]?.[first]?.[second],
    ...surroundings,
  };
  return scope;
}

export function partitionOf(region: string): string {
  return region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

function pseudoParameters({ stackId, stackName, account, region, notificationArns }: Place): ReadonlyMap<string, unknown> {
  const partition = partitionOf(region);
  return new Map<string, unknown>([
    ['AWS::AccountId', account],
    ['AWS::Region', region],
    ['AWS::Partition', partition],
    ['AWS::URLSuffix', partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'],
    ['AWS::StackId', stackId],
    ['AWS::StackName', stackName],
    ['AWS::NotificationARNs', notificationArns],
  ]);
}

/** Logical IDs of the resources whose conditions hold. */
export function wantedResources(template: Template, scope: Scope): ReadonlySet<string> {
  return new Set(Object.entries(template.Resources)
    .filter(([, { Condition }]) => Condition === undefined || scope.condition(Condition))
    .map(([logicalId]) => logicalId));
}
