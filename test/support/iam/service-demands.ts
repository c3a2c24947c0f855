import type { Demand } from './evaluator';
import { lambdaAction } from '../cloud/lambda/rest-action';
import type { AskedCall } from '../cloud/server';

type Input = { readonly [name: string]: any };

/** What a call is about, without the ARN's first parts; the first name is the usual one. `*` where the action has no resource. */
export const SERVICE_RESOURCES: { readonly [service: string]: (input: Input, call: AskedCall) => readonly string[] } = {
  codebuild: ({ projectName, name, id, ids, names }) => {
    const project = String(projectName ?? name ?? id ?? ids?.[0] ?? names?.[0]).split('build/').pop()!.split(':')[0];
    return [`project/${project}`];
  },
  events: ({ Name, Rule }) => [`rule/${Name ?? Rule}`],
  lambda: (_input, { path }) => {
    const { FunctionName = '*' } = lambdaAction('GET', path)?.parameters ?? {};
    return [`function:${FunctionName.split(':').pop()}`];
  },
  // Policies name a group with and without the asterisk for its streams.
  logs: ({ logGroupName, logStreamName }) => (
    logStreamName === undefined ? [`log-group:${logGroupName}`, `log-group:${logGroupName}:*`] : [`log-group:${logGroupName}:log-stream:${logStreamName}`]
  ),
  sns: ({ TopicArn }) => [String(TopicArn).split(':').pop()!],
  cloudformation: ({ StackName }) => [`stack/${StackName}/00000000-0000-0000-0000-000000000000`],
  sts: ({ RoleArn }) => [RoleArn],
};

/** What a call of the services around builds asks for. */
export function serviceDemands(call: AskedCall): readonly Demand[] {
  const { service, action, region, account } = call;
  if (action === 'GetCallerIdentity') { return []; }
  const input = (/^\s*\{/.test(call.body) ? JSON.parse(call.body) : Object.fromEntries(new URLSearchParams(call.body))) as Input;
  const names = SERVICE_RESOURCES[service](input, call).map((name) => (name.startsWith('arn:') ? name : `arn:aws:${service}:${region}:${account}:${name}`));
  const permission = service === 'lambda' && action === 'Invoke' ? 'InvokeFunction' : action;
  return [{ action: `${service}:${permission}`, resource: names[0], otherNames: names.slice(1), context: { 'aws:RequestedRegion': region } }];
}
