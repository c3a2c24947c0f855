import { parseYaml } from './yaml';
import { ApiError } from '../protocol/api-error';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export interface ParameterDeclaration {
  readonly Type: string;
  readonly Default?: Json;
  readonly NoEcho?: boolean | string;
  readonly AllowedValues?: readonly Json[];
  readonly AllowedPattern?: string;
  readonly ConstraintDescription?: string;
  readonly Description?: string;
  readonly MinLength?: number | string;
  readonly MaxLength?: number | string;
}

export interface ResourceDeclaration {
  readonly Type: string;
  readonly Properties?: { readonly [name: string]: Json };
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Metadata?: Json;
}

export interface OutputDeclaration {
  readonly Value: Json;
  readonly Description?: string;
  readonly Condition?: string;
  readonly Export?: { readonly Name: Json };
}

export interface Template {
  readonly Description?: string;
  readonly Metadata?: { readonly [name: string]: Json };
  readonly Parameters?: { readonly [name: string]: ParameterDeclaration };
  readonly Mappings?: { readonly [name: string]: { readonly [key: string]: { readonly [key: string]: Json } } };
  readonly Conditions?: { readonly [name: string]: Json };
  readonly Rules?: Json;
  readonly Resources: { readonly [logicalId: string]: ResourceDeclaration };
  readonly Outputs?: { readonly [name: string]: OutputDeclaration };
}

const SECTIONS = new Set([
  'AWSTemplateFormatVersion', 'Description', 'Metadata', 'Parameters', 'Mappings', 'Conditions', 'Rules', 'Resources', 'Outputs',
]);

const RESOURCE_KEYS = new Set([
  'Type', 'Properties', 'DependsOn', 'Condition', 'DeletionPolicy', 'UpdateReplacePolicy', 'Metadata', 'CreationPolicy', 'UpdatePolicy',
]);

/** What a caller did wrong, in the words of CloudFormation. */
export function invalid(message: string): ApiError {
  return new ApiError('ValidationError', message);
}

/** Reads a template of either format. */
export function parseTemplate(text: string): Template {
  const template = parse(text);
  if (typeof template !== 'object' || template === null || Array.isArray(template)) { throw invalid('Template format error: unsupported structure.'); }
  const unknown = Object.keys(template).filter((name) => !SECTIONS.has(name));
  if (unknown.length > 0) { throw invalid(`Invalid template property or properties [${unknown.join(', ')}]`); }
  const { Resources } = template as { readonly Resources?: { readonly [id: string]: { readonly [name: string]: Json } } };
  if (!Resources || Object.keys(Resources).length === 0) {
    throw invalid('Template format error: At least one Resources member must be defined.');
  }
  for (const [id, resource] of Object.entries(Resources)) {
    if (!/^[A-Za-z0-9]+$/.test(id)) { throw invalid(`Template format error: Resource name ${id} is non alphanumeric.`); }
    const key = Object.keys(resource).find((name) => !RESOURCE_KEYS.has(name));
    if (key) { throw invalid(`Invalid template resource property '${key}'`); }
    if (typeof resource.Type !== 'string') { throw invalid(`Template format error: [/Resources/${id}] Every Resources object must contain a Type member.`); }
  }
  return template as unknown as Template;
}

function parse(text: string): unknown {
  try {
    return text.trimStart().startsWith('{') ? JSON.parse(text) : parseYaml(text);
  } catch (error) {
    throw invalid(`Template format error: ${text.trimStart().startsWith('{') ? 'JSON' : 'YAML'} not well-formed. (${(error as Error).message.split('\n')[0]})`);
  }
}
