import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { awsCode, awsMessage } from './aws-errors';
import type { Cloud } from './cloud';
import { GoldenError } from '../../errors';
import type { NamedByOutputReference, SecretsManagerReference, SsmReference, StackOutputReference, ValueReference } from '../../plan/values';
import type { ValueSource } from '../../ports/values';

/** Reads what plans refer to in an account: parameters, secrets, outputs of stacks. Errors: `missing-value`, besides those of every call. */
export function awsValues(cloud: Cloud, region: string): ValueSource {
  const versions = new Map<string, string>();
  return {
    version: (_, from) => versions.get(JSON.stringify(from)),
    read: async (name: string, from: ValueReference) => {
      const { value, version } = await readValue(cloud, region, name, from);
      if (version !== undefined) { versions.set(JSON.stringify(from), version); }
      return value;
    },
  };
}

/** A value as it is kept; what has versions says which. */
interface KeptValue {
  readonly value: string;
  readonly version?: string;
}

async function readValue(cloud: Cloud, region: string, name: string, from: ValueReference): Promise<KeptValue> {
  switch (from.type) {
    case 'ssm': return parameter(cloud, region, name, from);
    case 'secretsManager': return secret(cloud, region, name, from);
    case 'stackOutput': return { value: await stackOutput(cloud, from.region ?? region, name, from) };
    case 'namedByOutput': return namedByOutput(cloud, region, name, from);
    case 'environment': throw missing(name, `the environment variable ${from.name}`, 'it is not read from an account');
  }
}

async function parameter(cloud: Cloud, region: string, name: string, { name: Name }: SsmReference): Promise<KeptValue> {
  const place = `the SSM parameter ${Name} in ${region}`;
  try {
    const { Parameter } = await cloud.clients.ssm(region).send(new GetParameterCommand({ Name, WithDecryption: true }));
    const { Value, Version, ARN = Name } = Parameter!;
    return { value: Value!, version: Version === undefined ? undefined : `${ARN}:${Version}` };
  } catch (error) {
    if (awsCode(error) === 'ParameterNotFound' || awsCode(error) === 'ParameterVersionNotFound') { throw missing(name, place, 'which is not there', error); }
    throw error;
  }
}

async function secret(cloud: Cloud, region: string, name: string, { id, key }: SecretsManagerReference): Promise<KeptValue> {
  const place = `the secret ${id} of Secrets Manager in ${region}`;
  let text: string;
  let version: string | undefined;
  try {
    const ask = new GetSecretValueCommand({ SecretId: id });
    const { SecretString, SecretBinary, ARN = id, VersionId } = await cloud.clients.secretsManager(region).send(ask);
    version = VersionId === undefined ? undefined : `${ARN}:${VersionId}`;
    text = SecretString ?? Buffer.from(SecretBinary!).toString('utf8');
  } catch (error) {
    if (awsCode(error) === 'ResourceNotFoundException') { throw missing(name, place, 'which is not there, or has no value', error); }
    if (awsCode(error) === 'InvalidRequestException') { throw missing(name, place, 'which is marked for deletion', error); }
    throw error;
  }
  return { value: key === undefined ? text : valueOfKey(name, place, text, key), version };
}

/** What is wrong with a secret is told without a word of it. */
function valueOfKey(name: string, place: string, text: string, key: string): string {
  let fields: unknown;
  try { fields = JSON.parse(text); } catch { fields = undefined; }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw missing(name, `the key ${key} of ${place}`, 'which is not a JSON object');
  }
  const value = Object.prototype.hasOwnProperty.call(fields, key) ? (fields as { readonly [key: string]: unknown })[key] : undefined;
  if (typeof value === 'string') { return value; }
  if (typeof value === 'number' || typeof value === 'boolean') { return String(value); }
  throw missing(name, `the key ${key} of ${place}`, value === undefined ? 'which has no such key' : 'where it is neither text nor a number');
}

async function stackOutput(cloud: Cloud, region: string, name: string, { stack, output }: StackOutputReference): Promise<string> {
  const place = `the output ${output} of the stack ${stack} in ${region}`;
  try {
    const { Stacks = [] } = await cloud.clients.cloudFormation(region).send(new DescribeStacksCommand({ StackName: stack }));
    const outputs = Stacks[0]?.Outputs ?? [];
    const found = outputs.find(({ OutputKey }) => OutputKey === output);
    if (found) { return found.OutputValue!; }
    const others = outputs.map(({ OutputKey }) => OutputKey).sort().join(', ');
    throw missing(name, place, others ? `which has no such output, but ${others}` : 'which has no outputs');
  } catch (error) {
    if (awsCode(error) === 'ValidationError' && /does not exist/.test(awsMessage(error))) { throw missing(name, place, 'which is not deployed', error); }
    throw error;
  }
}

/** What has an ARN is where that says; a name is of the region that builds. */
async function namedByOutput(cloud: Cloud, region: string, name: string, { service, id, key }: NamedByOutputReference): Promise<KeptValue> {
  const found = await stackOutput(cloud, id.region ?? region, name, id);
  const place = /^arn:[^:]+:[^:]+:([^:]+):/.exec(found)?.[1] ?? region;
  if (service === 'ssm') { return parameter(cloud, place, name, { type: 'ssm', name: found }); }
  return secret(cloud, place, name, { type: 'secretsManager', id: found, key });
}

function missing(name: string, place: string, why: string, cause?: unknown): GoldenError {
  return new GoldenError('missing-value', `${name} is read from ${place}, ${why}`, {
    hint: `See that it is there, in this account and region. Else give a secret with --secret ${name}=env:VARIABLE or file:PATH, `
      + `a parameter with --parameter ${name}=VALUE.`,
    cause,
  });
}
