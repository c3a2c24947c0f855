import type { Instance, Tags } from '../records';
import { filters } from '../selection';
import { tagSet } from '../tagging';
import { action, type Call } from '../world';

interface SpotRequest {
  readonly id: string;
  readonly instance: Instance;
  readonly state: 'active' | 'closed' | 'cancelled';
  readonly tags: Tags;
}

/* A one-time request is fulfilled with its launch, and over with its instance. */
export const SPOT_CALLS = {
  DescribeSpotInstanceRequests: action('SpotInstanceRequestId Filter MaxResults NextToken', (call) => {
    const isWanted = filters<SpotRequest>(call.input, { 'state': ({ state }) => [state], 'instance-id': ({ instance }) => [instance.id] });
    return {
      spotInstanceRequestSet: requests(call).filter(isWanted).map(({ id, state, instance, tags }) => ({
        spotInstanceRequestId: id,
        type: 'one-time',
        instanceId: instance.id,
        state,
        status: { code: state === 'closed' ? 'instance-terminated-by-user' : state === 'active' ? 'fulfilled' : 'request-canceled-and-instance-running' },
        tagSet: tagSet(tags),
      })),
    };
  }),

  CancelSpotInstanceRequests: action('SpotInstanceRequestId', (call) => {
    const cancelled = requests(call);
    for (const { instance } of cancelled) { instance.spotCancelled = true; }
    return { spotInstanceRequestSet: cancelled.map(({ id }) => ({ spotInstanceRequestId: id, state: 'cancelled' })) };
  }),
};

function requests({ region, input }: Call): readonly SpotRequest[] {
  const asked = input.texts('SpotInstanceRequestId');
  return [...region.instances.values()].flatMap((instance) => {
    const { spotRequestId: id, spotRequestTags: tags = new Map(), spotCancelled, state } = instance;
    if (id === undefined || (asked.length > 0 && !asked.includes(id))) { return []; }
    return [{ id, instance, tags, state: spotCancelled ? 'cancelled' as const : state === 'terminated' ? 'closed' as const : 'active' as const }];
  });
}
