import { EC2_ACTIONS } from './actions';
import { Relayed, relay } from './relay';
import { ApiError } from '../protocol/api-error';
import { decodeQuery, Parameters } from '../protocol/query';
import { renderXml } from '../protocol/xml';
import type { Call, World } from '../world';

const NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/';

/** Parameters of any action that say nothing about what it does. */
const COMMON = new Set(['Action', 'Version', 'DryRun', 'ClientToken']);

/** Answers a call of EC2 that is on the conformance list: with XML. */
export async function answerEc2(
  world: World, call: Omit<Call, 'world' | 'input' | 'region'> & { readonly region: string },
  requestId: string,
): Promise<Buffer | string> {
  const input = new Parameters(decodeQuery(call.body));
  const full = { ...call, world, input, region: world.region(call.region) };
  const ours = EC2_ACTIONS.get(call.action);
  if (!ours) { return (await relay(full)).answer.body; }
  for (const name of Object.keys(input.tree)) {
    if (!ours.takes.includes(name) && !COMMON.has(name)) { throw new ApiError('UnknownParameter', `The parameter ${name} is not recognized`); }
  }
  const hasOwnDryRun = call.action === 'RunInstances' || call.action.endsWith('Instances');
  if (input.flag('DryRun') && !hasOwnDryRun) { throw new ApiError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412); }
  const answer = await ours.handle(full);
  if (answer instanceof Relayed) { return answer.answer.body; }
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${call.action}Response xmlns="${NAMESPACE}"><requestId>${requestId}</requestId>${renderXml(answer)}</${call.action}Response>`;
}
