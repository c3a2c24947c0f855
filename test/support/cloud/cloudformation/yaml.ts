import { createRequire } from 'module';

interface YamlType {
  new (tag: string, options: { readonly kind: 'scalar' | 'sequence' | 'mapping'; readonly construct: (value: never) => unknown }): object;
}

interface Yaml {
  readonly Type: YamlType;
  /** Without dates: `2012-10-17` is a text. */
  readonly CORE_SCHEMA: { extend(types: readonly object[]): object };
  load(text: string, options: { readonly schema: object }): unknown;
}

const FUNCTIONS = [
  'And', 'Base64', 'Cidr', 'Equals', 'FindInMap', 'GetAtt', 'GetAZs', 'If', 'ImportValue', 'Join', 'Length', 'Not', 'Or', 'Select', 'Split', 'Sub', 'ToJsonString',
];

let schema: object | undefined;

/** Reads YAML with the short form of functions: `!Ref Bucket`. */
export function parseYaml(text: string): unknown {
  // It has no types of its own, and is read only where there is YAML.
  const yaml = createRequire(__filename)('js-yaml') as Yaml;
  schema ??= yaml.CORE_SCHEMA.extend([...FUNCTIONS.flatMap((name) => typesOf(yaml, name, `Fn::${name}`)), ...typesOf(yaml, 'Ref', 'Ref'), ...typesOf(yaml, 'Condition', 'Condition')]);
  return yaml.load(text, { schema });
}

function typesOf({ Type }: Yaml, tag: string, name: string): object[] {
  return (['scalar', 'sequence', 'mapping'] as const).map((kind) => new Type(`!${tag}`, {
    kind,
    construct: (value: unknown) => ({ [name]: tag === 'GetAtt' && typeof value === 'string' ? splitOnce(value) : value }),
  }));
}

function splitOnce(text: string): readonly string[] {
  const dot = text.indexOf('.');
  return dot < 0 ? [text] : [text.slice(0, dot), text.slice(dot + 1)];
}
