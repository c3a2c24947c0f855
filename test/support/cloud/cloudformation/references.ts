import { invalid, type Json, type ResourceDeclaration, type Template } from './template';

/** Names that a value asks for by functions: of resources and parameters, `Fn::GetAtt` with its attribute. */
export interface References {
  readonly refs: Set<string>;
  readonly attributes: Set<string>;
  readonly conditions: Set<string>;
}

export function referencesIn(value: Json | undefined): References {
  const found: References = { refs: new Set(), attributes: new Set(), conditions: new Set() };
  if (value !== undefined) { collect(value, found); }
  return found;
}

function collect(value: Json, found: References): void {
  if (Array.isArray(value)) { for (const one of value) { collect(one as Json, found); } return; }
  if (typeof value !== 'object' || value === null) { return; }
  for (const [name, argument] of Object.entries(value as { readonly [name: string]: Json })) {
    if (name === 'Ref' && typeof argument === 'string') { found.refs.add(argument); }
    if (name === 'Fn::GetAtt') { found.attributes.add(Array.isArray(argument) ? argument.join('.') : String(argument)); }
    if (name === 'Fn::If' && Array.isArray(argument)) { found.conditions.add(String(argument[0])); }
    if (name === 'Fn::Sub') { collectSub(argument, found); }
    collect(argument, found);
  }
}

function collectSub(argument: Json, found: References): void {
  const [text, own = {}] = Array.isArray(argument) ? argument as readonly Json[] : [argument];
  for (const [, literal, name] of String(text).matchAll(/\$\{(!?)([^}]*)\}/g)) {
    const key = name.trim();
    if (literal || Object.hasOwn(own as object, key)) { continue; }
    (key.includes('.') ? found.attributes : found.refs).add(key);
  }
}

/** Logical IDs that a resource needs before it can be made. */
export function dependenciesOf(template: Template, resource: ResourceDeclaration): readonly string[] {
  const { refs, attributes } = referencesIn((resource.Properties ?? {}) as Json);
  const named = [...refs, ...[...attributes].map((name) => name.split('.')[0]), ...[resource.DependsOn ?? []].flat()];
  return [...new Set(named)].filter((name) => Object.hasOwn(template.Resources, name));
}

/** Resources in an order in which each comes after what it needs. Throws where names lead nowhere, or in a circle. */
export function inOrder(template: Template): readonly string[] {
  const order: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (id: string, path: readonly string[]) => {
    if (state.get(id) === 'done') { return; }
    if (state.get(id) === 'open') { throw invalid(`Circular dependency between resources: [${path.slice(path.indexOf(id)).join(', ')}]`); }
    state.set(id, 'open');
    for (const other of dependenciesOf(template, template.Resources[id])) { visit(other, [...path, id]); }
    state.set(id, 'done');
    order.push(id);
  };
  for (const id of Object.keys(template.Resources)) { visit(id, []); }
  return order;
}

/** Throws where a template names what it does not have. */
export function checkReferences(template: Template): void {
  const known = new Set([...Object.keys(template.Resources), ...Object.keys(template.Parameters ?? {})]);
  const unresolved = (value: Json | undefined, DependsOn?: string | readonly string[]) => {
    const { refs, attributes } = referencesIn(value);
    return [
      ...[...refs].filter((name) => !name.startsWith('AWS::') && !known.has(name)),
      ...[...attributes].map((name) => name.split('.')[0]).filter((name) => !Object.hasOwn(template.Resources, name)),
      ...[DependsOn ?? []].flat().filter((name) => !Object.hasOwn(template.Resources, name)),
    ];
  };
  const ofResources = Object.values(template.Resources).flatMap(({ Properties, DependsOn }) => unresolved(Properties as Json, DependsOn));
  if (ofResources.length > 0) {
    throw invalid(`Template format error: Unresolved resource dependencies [${[...new Set(ofResources)].join(', ')}] in the Resources block of the template`);
  }
  const ofOutputs = unresolved((template.Outputs ?? {}) as unknown as Json);
  if (ofOutputs.length > 0) {
    throw invalid(`Template format error: Unresolved resource dependencies [${[...new Set(ofOutputs)].join(', ')}] in the Outputs block of the template`);
  }
  for (const name of conditionsNamed(template)) {
    if (!Object.hasOwn(template.Conditions ?? {}, name)) { throw invalid(`Template error: unresolved condition dependency ${name}`); }
  }
}

function conditionsNamed(template: Template): readonly string[] {
  const { conditions } = referencesIn([template.Resources, template.Outputs ?? {}] as unknown as Json);
  const declared = [...Object.values(template.Resources), ...Object.values(template.Outputs ?? {})].flatMap(({ Condition }) => Condition ?? []);
  return [...conditions, ...declared];
}
