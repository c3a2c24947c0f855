import { demandsOf } from './demands';
import { allowing, type Demand } from './evaluator';
import type { Cloud } from '../cloud/cloud';
import { scopeOf } from '../cloud/moto-proxy';

/** A call that a role's own policies do not allow. */
export interface RefusedCall extends Demand {
  readonly role: string;
}

/** Managed policies of AWS, which the emulated account does not have. */
const MANAGED: { readonly [name: string]: object } = {
  AWSLambdaBasicExecutionRole: {
    Statement: [{ Effect: 'Allow', Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '*' }],
  },
};

/**
 * Lets roles do what their policies in the account allow, and nothing else; whoever is in no such role may do everything.
 * Answers what was refused, as it grows.
 */
export function enforceRoles(cloud: Cloud, isMeant: (role: string) => boolean): readonly RefusedCall[] {
  const refused: RefusedCall[] = [];
  cloud.authority.allows = async (call) => {
    const { role } = call;
    if (role === undefined || !isMeant(role)) { return true; }
    const documents = await policiesOf(cloud, role);
    const demands = await demandsOf(cloud, call);
    const missing = demands.filter((demand) => !documents.some((document) => allowing(document, demand).length > 0));
    refused.push(...missing.map((demand) => ({ ...demand, role })));
    return missing.length === 0;
  };
  return refused;
}

/** A role's inline policies, and the managed ones that it has. */
async function policiesOf(cloud: Cloud, RoleName: string): Promise<object[]> {
  const inline = await Promise.all(texts(await ask(cloud, 'ListRolePolicies', { RoleName }), 'member').map(async (PolicyName) => (
    documentIn(await ask(cloud, 'GetRolePolicy', { RoleName, PolicyName }))
  )));
  const attached = await Promise.all(texts(await ask(cloud, 'ListAttachedRolePolicies', { RoleName }), 'PolicyArn').map(async (PolicyArn) => {
    const known = MANAGED[PolicyArn.split('/').pop()!];
    if (known) { return known; }
    const [VersionId] = texts(await ask(cloud, 'GetPolicy', { PolicyArn }), 'DefaultVersionId');
    return documentIn(await ask(cloud, 'GetPolicyVersion', { PolicyArn, VersionId }));
  }));
  return [...inline, ...attached];
}

async function ask(cloud: Cloud, action: string, parameters: { readonly [name: string]: string }): Promise<string> {
  const { body } = await cloud.world.moto.send({
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', 'authorization': scopeOf('us-east-1', 'iam') },
    body: new URLSearchParams({ Action: action, Version: '2010-05-08', ...parameters }).toString(),
  });
  return body.toString();
}

function texts(xml: string, element: string): string[] {
  return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(([, text]) => text.trim());
}

function documentIn(xml: string): object {
  const [text = texts(xml, 'Document')[0]] = texts(xml, 'PolicyDocument');
  return JSON.parse(decodeURIComponent(text).replace(/&quot;/g, '"')) as object;
}

