import type { Callback } from '../cloudformation/callbacks';
import { ResourceFailure, type Existing, type Made, type Properties, type ResourceContext, type ResourceType } from '../cloudformation/resource-type';
import type { ResourceTypes } from '../cloudformation/resource-types';
import { newRequestId } from '../ids';
import { callLambda } from '../service-client';

/** What a provider puts to the URL that it was given. */
interface Response {
  readonly Status: string;
  readonly Reason?: string;
  readonly PhysicalResourceId?: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly Data?: { readonly [name: string]: unknown };
}

/** Without a limit of its own. */
const LONGEST_SECONDS = 3600;
const MOST_BYTES = 4096;

/** CloudFormation user guide, "Custom resource reference": requests and responses of a provider that is a function. */
const customResource: ResourceType = {
  recreatedBy: [],
  create: async (context, properties) => {
    let known = false;
    try {
      return await ask({ ...context, announce: (id) => { known = true; context.announce(id); } }, 'Create', properties);
    } catch (error) {
      // Whatever the provider made meanwhile, it is asked to remove it: by a name that it never heard.
      if (!known) { context.announce(context.newName()); }
      throw error;
    }
  },
  update: (context, properties, before) => {
    if (properties.ServiceToken !== before.properties.ServiceToken) { throw new ResourceFailure('Modifying service token is not allowed.'); }
    return ask(context, 'Update', properties, before);
  },
  delete: async (context, before) => { await ask(context, 'Delete', before.properties, before); },
};

export const CUSTOM_TYPES: ResourceTypes = { 'AWS::CloudFormation::CustomResource': customResource };

async function ask(context: ResourceContext, RequestType: string, properties: Properties, before?: Existing): Promise<Made> {
  const { stackId: StackId, logicalId: LogicalResourceId, type: ResourceType } = context;
  const { ServiceToken, ServiceTimeout = LONGEST_SECONDS } = properties;
  const RequestId = newRequestId();
  const callback = context.callbacks.create();
  try {
    await callLambda(context.caller, 'POST', `/${encodeURIComponent(ServiceToken)}/invocations`, {
      RequestType,
      ServiceToken,
      ResponseURL: callback.url,
      StackId,
      RequestId,
      LogicalResourceId,
      ResourceType,
      ...before ? { PhysicalResourceId: before.physicalId } : {},
      ResourceProperties: worded(properties),
      ...RequestType === 'Update' ? { OldResourceProperties: worded(before!.properties) } : {},
    }, { 'x-amz-invocation-type': 'Event' });
    const response = await answerTo(context, callback, RequestId, Number(ServiceTimeout));
    return accepted(response, context, RequestId, RequestType === 'Delete' ? before!.physicalId : undefined);
  } finally {
    callback.close();
  }
}

/** The first response to the request. */
async function answerTo({ signal, clock }: ResourceContext, callback: Callback, requestId: string, seconds: number): Promise<string> {
  const waiting = new AbortController();
  const timer = clock.sleep(seconds * 1000, waiting.signal).then(() => waiting.abort());
  try {
    return await callback.next(AbortSignal.any([signal, waiting.signal]));
  } catch {
    throw new ResourceFailure(`CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [${requestId}]. `
      + 'If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version.');
  } finally {
    waiting.abort();
    await timer;
  }
}

function accepted(text: string, context: ResourceContext, requestId: string, deleted: string | undefined): Made {
  if (Buffer.byteLength(text) > MOST_BYTES) { throw new ResourceFailure('Response object is too long.'); }
  let response: Response;
  try { response = JSON.parse(text) as Response; } catch { throw new ResourceFailure('Invalid response object: it is not JSON.'); }
  const { Status, Reason = 'Failed without a reason', Data = {} } = response;
  if (response.StackId !== context.stackId || response.RequestId !== requestId || response.LogicalResourceId !== context.logicalId) {
    throw new ResourceFailure('Invalid response object: StackId, RequestId and LogicalResourceId must be those of the request.');
  }
  const physicalId = response.PhysicalResourceId ?? deleted;
  if (!physicalId) { throw new ResourceFailure('Invalid PhysicalResourceId'); }
  if (Buffer.byteLength(physicalId) > 1024) { throw new ResourceFailure('PhysicalResourceId has more than 1024 bytes'); }
  if (deleted === undefined) { context.announce(physicalId); }
  if (Status === 'FAILED') {
    throw new ResourceFailure(`Received response status [FAILED] from custom resource. Message returned: ${Reason} (RequestId: ${requestId})`);
  }
  if (Status !== 'SUCCESS') { throw new ResourceFailure('Invalid response object: Status must be SUCCESS or FAILED.'); }
  return { physicalId, attributes: Data };
}

/** Providers get every value of a template as a text. */
function worded(value: unknown): unknown {
  if (Array.isArray(value)) { return value.map(worded); }
  if (typeof value === 'object' && value !== null) { return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, worded(inner)])); }
  return String(value);
}
