import { SecretValue, Token, Tokenization } from 'aws-cdk-lib';
import type { Fault } from '../../errors';
import { SECRET_HINT } from '../synthesis/late-values';

const TOKEN_HINT = 'It has no value before the deployment. Give a plain value, or, to a script, a late-bound one: '
  + 'environment: { NAME: token of another stack }, or parameters: { NAME: ParameterRef.ssm(...) }.';

/** Everything in a value that cannot stand in a plan: CDK tokens, dynamic references, NUL bytes. */
export function tokenFaults(value: unknown, path: string, field = ''): Fault[] {
  if (Token.isUnresolved(value)) { return [tokenFault(value, path, field)]; }
  if (typeof value === 'string') { return textFaults(value, path, field); }
  if (Array.isArray(value)) { return value.flatMap((inner, index) => tokenFaults(inner, path, `${field}[${index}]`)); }
  if (value === null || typeof value !== 'object') { return []; }
  return Object.entries(value).flatMap(([key, inner]) => {
    const below = field === '' ? key : `${field}.${key}`;
    return [...tokenFaults(key, path, below), ...tokenFaults(inner, path, below)];
  });
}

function tokenFault(value: unknown, path: string, field: string): Fault {
  if (holdsSecret(value)) {
    return { code: 'secret', message: `${field} holds the value of a secret, which a plan must not`, hint: SECRET_HINT, path };
  }
  return { code: 'token', message: `${field} holds a CDK token`, hint: TOKEN_HINT, path };
}

function textFaults(text: string, path: string, field: string): Fault[] {
  if (text.includes('{{resolve:')) {
    const secret = /\{\{resolve:(secretsmanager|ssm-secure):/.test(text);
    return [{
      code: secret ? 'secret' : 'dynamic-reference',
      message: `${field} holds a dynamic reference, {{resolve:...}}, which only CloudFormation resolves`,
      hint: secret ? SECRET_HINT : 'Give it to a script as a late-bound value: parameters: { NAME: ParameterRef.ssm(...) }.',
      path,
    }];
  }
  if (text.includes('\0')) {
    return [{ code: 'nul-byte', message: `${field} holds a NUL byte, which no argument, path or variable can`, hint: 'Put binary content into a file.', path }];
  }
  return [];
}

/** `unsafeUnwrap()` hides the SecretValue behind what it stands for, a dynamic reference. */
function holdsSecret(value: unknown): boolean {
  const tokens = typeof value === 'string' ? Tokenization.reverseString(value).tokens : [value];
  return tokens.some((token) => {
    const text = (token as { value?: unknown } | undefined)?.value;
    return SecretValue.isSecretValue(token) || (typeof text === 'string' && /^\{\{resolve:(secretsmanager|ssm-secure):/.test(text));
  });
}
