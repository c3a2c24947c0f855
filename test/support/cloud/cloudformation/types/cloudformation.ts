import { ResourceFailure, type ResourceType } from '../resource-type';
import type { ResourceTypes } from '../resource-types';

/** What a handle is told. */
interface Signal {
  readonly Status: string;
  readonly UniqueId: string;
  readonly Data?: string;
  readonly Reason?: string;
}

const waitConditionHandle: ResourceType = {
  recreatedBy: 'any',
  takes: [],
  create: async ({ callbacks }) => {
    const { url } = callbacks.create();
    return { physicalId: url };
  },
  delete: async ({ callbacks }, { physicalId }) => callbacks.of(physicalId)?.close(),
};

const waitCondition: ResourceType = {
  recreatedBy: ['Count', 'Handle', 'Timeout'],
  takes: ['Count', 'Handle', 'Timeout'],
  create: async (context, { Handle, Timeout, Count = 1 }) => {
    const callback = context.callbacks.of(String(Handle));
    if (!callback) { throw new ResourceFailure(`Invalid wait condition handle ${Handle}`); }
    const expiry = new AbortController();
    const signal = AbortSignal.any([context.signal, expiry.signal]);
    context.clock.sleep(Number(Timeout) * 1000, signal).then(() => expiry.abort(), () => {});
    const data: { [id: string]: string } = {};
    while (Object.keys(data).length < Number(Count)) {
      const body = await callback.next(signal).catch(() => undefined);
      if (context.signal.aborted) { throw context.signal.reason; }
      if (body === undefined) {
        throw new ResourceFailure(`WaitCondition timed out. Received ${Object.keys(data).length} conditions when expecting ${Count}`);
      }
      const { Status, UniqueId, Data = '', Reason = '' } = read(body);
      if (Status === 'FAILURE') { throw new ResourceFailure(`WaitCondition received failed message: '${Reason}' for uniqueId: ${UniqueId}`); }
      if (Status === 'SUCCESS') { data[UniqueId] = Data; }
    }
    expiry.abort();
    return { physicalId: String(Handle), attributes: { Data: JSON.stringify(data) } };
  },
};

/** CloudFormation ignores what is no signal. */
function read(body: string): Partial<Signal> & { readonly UniqueId: string } {
  try {
    return JSON.parse(body) as Signal;
  } catch {
    return { UniqueId: '' };
  }
}

const metadata: ResourceType = {
  recreatedBy: [],
  create: async ({ newName }) => ({ physicalId: newName() }),
  update: async (_context, _properties, { physicalId }) => ({ physicalId }),
};

/** What CloudFormation itself has, and the CDK. Custom resources are in `lambda/`. */
export const CLOUDFORMATION_TYPES: ResourceTypes = {
  'AWS::CloudFormation::WaitConditionHandle': waitConditionHandle,
  'AWS::CloudFormation::WaitCondition': waitCondition,
  'AWS::CDK::Metadata': metadata,
};
