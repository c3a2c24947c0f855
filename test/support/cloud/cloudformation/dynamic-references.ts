import { invalid } from './template';
import { ApiError } from '../protocol/api-error';
import { callJson, type Caller } from '../service-client';

/** Where secrets come in: they are read when a resource is made, and are no part of what the stack keeps. */
const SECRET = /\{\{resolve:(?:secretsmanager|ssm-secure):[^}]+\}\}/g;
const STORED = /\{\{resolve:ssm:([^}:]+)(?::(\d+))?\}\}/g;

/** Puts in what Parameter Store has. */
export function resolveStored(value: any, caller: Caller): Promise<any> {
  return mapTexts(value, async (text) => {
    if (!text.includes('{{resolve:ssm:')) { return text; }
    let result = text;
    for (const [whole, name, version] of text.matchAll(STORED)) {
      const Name = version === undefined ? name : `${name}:${version}`;
      result = result.replace(whole, await parameter(caller, { Name }, Name));
    }
    return result;
  });
}

/** Puts in secrets. */
export function resolveSecrets(value: any, caller: Caller): Promise<any> {
  return mapTexts(value, async (text) => {
    let result = text;
    for (const [whole] of text.matchAll(SECRET)) { result = result.replace(whole, await secret(caller, whole.slice(2, -2))); }
    return result;
  });
}

async function secret(caller: Caller, reference: string): Promise<string> {
  if (reference.startsWith('resolve:ssm-secure:')) {
    const Name = reference.slice('resolve:ssm-secure:'.length);
    return parameter(caller, { Name, WithDecryption: true }, Name);
  }
  const [, id, key = ''] = /^resolve:secretsmanager:((?:arn:[\w-]*:secretsmanager:[\w-]*:\d*:secret:)?[^:]+)(?::SecretString(?::([^:]*))?.*)?$/.exec(reference) ?? [];
  const { SecretString } = await callJson(caller, 'secretsmanager', 'secretsmanager.GetSecretValue', { SecretId: id });
  if (!key) { return SecretString; }
  const value = (JSON.parse(SecretString) as { readonly [name: string]: unknown })[key];
  if (value === undefined) { throw invalid('Could not find a value associated with JSONKey in SecretString'); }
  return String(value);
}

async function parameter(caller: Caller, input: object, name: string): Promise<string> {
  try {
    return (await callJson(caller, 'ssm', 'AmazonSSM.GetParameter', input)).Parameter.Value;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'ParameterNotFound') {
      throw invalid(`Parameters: [ssm:${name}] cannot be found.`);
    }
    throw error;
  }
}

async function mapTexts(value: any, map: (text: string) => Promise<string>): Promise<any> {
  if (typeof value === 'string') { return value.includes('{{resolve:') ? map(value) : value; }
  if (Array.isArray(value)) { return Promise.all(value.map((one) => mapTexts(one, map))); }
  if (typeof value !== 'object' || value === null) { return value; }
  return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([name, one]) => [name, await mapTexts(one, map)] as const)));
}
