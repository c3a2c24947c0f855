import { changedProperties, isSame, recreation } from './comparison';
import { resolveStored } from './dynamic-references';
import { evaluate, KNOWN_AFTER_APPLY, type Scope } from './functions';
import { inOrder, referencesIn } from './references';
import type { Properties } from './resource-type';
import { resourceTypeOf } from './resource-types';
import { wantedResources, type ResourceLookup } from './scope';
import type { Definition, Stack, StackResource } from './stack';
import { invalid, type Json, type ResourceDeclaration } from './template';
import type { Caller } from '../service-client';

/** A change that a change set tells of, in the names of the API. */
export interface Change {
  readonly plain: ResourceChange;
  /** The same with the values of properties. */
  readonly detailed: ResourceChange;
}

interface ResourceChange {
  readonly Action: 'Add' | 'Modify' | 'Remove';
  readonly LogicalResourceId: string;
  readonly ResourceType: string;
  readonly PhysicalResourceId?: string;
  readonly Replacement?: 'True' | 'False' | 'Conditional';
  readonly PolicyAction?: string;
  readonly Scope?: readonly string[];
  readonly Details?: readonly object[];
  readonly BeforeContext?: string;
  readonly AfterContext?: string;
}

/** What is known of resources before a change is made. */
export class Forecast implements ResourceLookup {
  private readonly unknown = new Set<string>();
  private readonly modified = new Set<string>();
  wanted: ReadonlySet<string> = new Set();

  constructor(private readonly stack: Stack) {}

  /** Its ID will be another one. */
  replace(logicalId: string): void { this.unknown.add(logicalId); }

  /** Its attributes may be others. */
  modify(logicalId: string): void { this.modified.add(logicalId); }

  ref(logicalId: string): unknown {
    if (!this.wanted.has(logicalId)) { return undefined; }
    const made = this.stack.resources.get(logicalId)?.made;
    return !made || this.unknown.has(logicalId) ? KNOWN_AFTER_APPLY : made.ref ?? made.physicalId;
  }

  attribute(logicalId: string, name: string): unknown {
    const made = this.stack.resources.get(logicalId)?.made;
    if (!made || this.unknown.has(logicalId) || this.modified.has(logicalId)) { return KNOWN_AFTER_APPLY; }
    const value = made.attributes?.[name];
    if (value === undefined) { throw invalid(`Template error: resource ${logicalId} does not support attribute type ${name} in Fn::GetAtt`); }
    return value;
  }
}

/** What a stack would become: changes of its resources, those that need others after them. */
export async function changesOf(stack: Stack, definition: Definition, scope: Scope, forecast: Forecast, caller: Caller): Promise<readonly Change[]> {
  const { template } = definition;
  const wanted = wantedResources(template, scope);
  forecast.wanted = wanted;
  const changes: Change[] = [];
  for (const logicalId of inOrder(template)) {
    if (!wanted.has(logicalId)) { continue; }
    const declaration = template.Resources[logicalId];
    const properties: Properties = await resolveStored(evaluate((declaration.Properties ?? {}) as Json, scope), caller);
    const before = stack.resources.get(logicalId);
    const change = before
      ? modification(stack, definition, { logicalId, declaration, properties, before })
      : addition(logicalId, declaration, properties);
    if (!change) { continue; }
    changes.push(change);
    if (change.plain.Replacement && change.plain.Replacement !== 'False') { forecast.replace(logicalId); } else { forecast.modify(logicalId); }
  }
  for (const resource of stack.resources.values()) { if (!wanted.has(resource.logicalId)) { changes.push(removal(resource)); } }
  return changes.sort((one, other) => one.plain.LogicalResourceId < other.plain.LogicalResourceId ? -1 : 1);
}

function addition(LogicalResourceId: string, declaration: ResourceDeclaration, properties: Properties): Change {
  const plain: ResourceChange = { Action: 'Add', LogicalResourceId, ResourceType: declaration.Type, Scope: [], Details: [] };
  return { plain, detailed: { ...plain, AfterContext: context(declaration, properties) } };
}

function removal({ logicalId, type, made, deletionPolicy }: StackResource): Change {
  const plain: ResourceChange = {
    Action: 'Remove',
    LogicalResourceId: logicalId,
    ResourceType: type,
    PhysicalResourceId: made.physicalId,
    Scope: [],
    Details: [],
    PolicyAction: deletionPolicy === 'Delete' || deletionPolicy === 'RetainExceptOnCreate' ? 'Delete' : deletionPolicy,
  };
  return { plain, detailed: { ...plain, BeforeContext: JSON.stringify({ Properties: made.properties }) } };
}

interface Pair {
  readonly logicalId: string;
  readonly declaration: ResourceDeclaration;
  readonly properties: Properties;
  readonly before: StackResource;
}

function modification(stack: Stack, definition: Definition, { logicalId, declaration, properties, before }: Pair): Change | undefined {
  const type = resourceTypeOf(declaration.Type)!;
  const names = changedProperties(before.made.properties, properties);
  const isTagged = type.isTagged === true && !isSame(before.tags, definition.tags);
  const declared = stack.definition?.template.Resources[logicalId];
  const hasNewMetadata = !isSame(declared?.Metadata, declaration.Metadata);
  if (names.length === 0 && !isTagged && !hasNewMetadata && before.status.endsWith('_COMPLETE')) { return undefined; }
  const details = names.map((name) => {
    const kind = recreation(type, name);
    const isKnown = !JSON.stringify(properties[name] ?? '').includes(KNOWN_AFTER_APPLY);
    const target = { Attribute: 'Properties', Name: name, RequiresRecreation: kind };
    const cause = causeOf(declared, declaration, name, stack, definition);
    return {
      replaces: kind === 'Always' && isKnown ? 'True' : kind === 'Never' ? 'False' : 'Conditional',
      plain: { Target: target, Evaluation: isKnown ? 'Static' : 'Dynamic', ...cause },
      detailed: {
        Target: {
          ...target,
          Path: `/Properties/${name}`,
          BeforeValue: text(before.made.properties[name]),
          AfterValue: text(properties[name]),
          AttributeChangeType: before.made.properties[name] === undefined ? 'Add' : properties[name] === undefined ? 'Remove' : 'Modify',
        },
        Evaluation: isKnown ? 'Static' : 'Dynamic',
        ...cause,
      },
    };
  });
  const others = [...isTagged ? ['Tags'] : [], ...hasNewMetadata ? ['Metadata'] : []]
    .map((Attribute) => ({ Target: { Attribute, RequiresRecreation: 'Never' }, Evaluation: 'Static', ChangeSource: 'DirectModification' }));
  const replaces = details.map((detail) => detail.replaces);
  const plain: ResourceChange = {
    Action: 'Modify',
    LogicalResourceId: logicalId,
    ResourceType: declaration.Type,
    PhysicalResourceId: before.made.physicalId,
    Replacement: replaces.includes('True') ? 'True' : replaces.includes('Conditional') ? 'Conditional' : 'False',
    PolicyAction: replaces.includes('True') ? (before.updateReplacePolicy === 'Retain' ? 'ReplaceAndRetain' : 'ReplaceAndDelete') : undefined,
    Scope: [...names.length > 0 ? ['Properties'] : [], ...others.map(({ Target }) => Target.Attribute)],
    Details: [...details.map((detail) => detail.plain), ...others],
  };
  return {
    plain,
    detailed: {
      ...plain,
      Details: [...details.map((detail) => detail.detailed), ...others],
      BeforeContext: context(declared, before.made.properties),
      AfterContext: context(declaration, properties),
    },
  };
}

/** Why a property is another one: the template says something else, or what it names is something else. */
function causeOf(
  before: ResourceDeclaration | undefined, after: ResourceDeclaration, name: string, stack: Stack, definition: Definition,
): { readonly ChangeSource: string; readonly CausingEntity?: string } {
  if (!isSame(before?.Properties?.[name], after.Properties?.[name])) { return { ChangeSource: 'DirectModification' }; }
  const { refs, attributes } = referencesIn(after.Properties?.[name]);
  const parameters = stack.definition?.parameters;
  const parameter = [...refs].find((ref) => definition.parameters.has(ref) && !isSame(parameters?.get(ref), definition.parameters.get(ref)));
  if (parameter) { return { ChangeSource: 'ParameterReference', CausingEntity: parameter }; }
  const [attribute] = attributes;
  if (attribute) { return { ChangeSource: 'ResourceAttribute', CausingEntity: attribute }; }
  const resource = [...refs].find((ref) => Object.hasOwn(definition.template.Resources, ref));
  return resource ? { ChangeSource: 'ResourceReference', CausingEntity: resource } : { ChangeSource: 'DirectModification' };
}

function context(declaration: ResourceDeclaration | undefined, Properties: Properties): string {
  const { Metadata, DeletionPolicy, UpdateReplacePolicy } = declaration ?? {};
  return JSON.stringify({ Properties, Metadata, DeletionPolicy, UpdateReplacePolicy });
}

function text(value: unknown): string | undefined {
  return value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
}
