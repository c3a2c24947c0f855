import { ApiError } from '../protocol/api-error';
import type { Xml } from '../protocol/xml';
import type { Instance } from '../records';
import { filters, page, type FilterValues } from '../selection';
import { action, visible, type Answer, type Call } from '../world';
import { instanceXml, reservationXml, stateXml } from './instance-xml';
import { startAgain, stop, terminate } from './lifecycle';
import { findInstance, required, requiredList } from './lookup';

/** Terminated instances are listed for an hour. */
const REMEMBERED_MS = 3_600_000;

const FILTERS: FilterValues<Instance> = {
  'instance-id': ({ id }) => [id],
  'instance-state-name': ({ state }) => [state],
  'image-id': ({ image }) => [image.id],
  'instance-type': ({ instanceType }) => [instanceType],
  'client-token': ({ clientToken }) => [clientToken],
  'key-name': ({ keyName }) => [keyName],
  'vpc-id': ({ vpcId }) => [vpcId],
  'subnet-id': ({ subnetId }) => [subnetId],
  'availability-zone': ({ zone }) => [zone],
  'instance.group-id': ({ groups }) => groups.map(({ id }) => id),
  'instance.group-name': ({ groups }) => groups.map(({ name }) => name),
  'network-interface.group-id': ({ groups }) => groups.map(({ id }) => id),
  'private-ip-address': ({ address }) => [address],
  'ip-address': ({ address, isPublic }) => [isPublic ? address : undefined],
  'iam-instance-profile.arn': ({ profile }) => [profile?.arn],
  'instance-lifecycle': ({ spotRequestId }) => [spotRequestId ? 'spot' : undefined],
  'reservation-id': ({ reservationId }) => [reservationId],
  'architecture': ({ image }) => [image.architecture],
  'root-device-type': ({ image }) => [image.rootDeviceType],
  'block-device-mapping.volume-id': ({ volumes }) => volumes.map(({ id }) => id),
  'owner-id': ({ owner }) => [owner],
  'metadata-options.http-tokens': ({ metadata }) => [metadata.httpTokens],
};

export const INSTANCE_CALLS = {
  DescribeInstances: action('InstanceId Filter MaxResults NextToken', (call) => {
    const { items, nextToken } = select(call, [...call.region.instances.values()]);
    const byReservation = new Map<string, Instance[]>();
    for (const instance of items) {
      byReservation.set(instance.reservationId, [...byReservation.get(instance.reservationId) ?? [], instance]);
    }
    const show = (group: readonly Instance[]): Xml => reservationXml(group[0], group.map((one) => instanceXml(call.world, one)));
    return { reservationSet: [...byReservation.values()].map(show), nextToken };
  }),

  DescribeInstanceStatus: action('InstanceId Filter MaxResults NextToken IncludeAllInstances', (call) => {
    const all = call.input.flag('IncludeAllInstances') === true;
    const { items, nextToken } = select(call, [...call.region.instances.values()].filter(({ state }) => all || state === 'running'));
    return {
      instanceStatusSet: items.filter(({ state }) => all || state === 'running').map((instance) => {
        const status = instance.state !== 'running' ? 'not-applicable' : instance.impaired ? 'impaired' : 'ok';
        const details = [{ name: 'reachability', status: status === 'ok' ? 'passed' : status === 'impaired' ? 'failed' : undefined }];
        return {
          instanceId: instance.id,
          availabilityZone: instance.zone,
          instanceState: stateXml(instance.state),
          systemStatus: { status: status === 'impaired' ? 'ok' : status, details },
          instanceStatus: { status, details },
        };
      }),
      nextToken,
    };
  }),

  StopInstances: action('InstanceId Force Hibernate SkipOsShutdown', (call) => change(call, (instance) => {
    if (instance.state === 'stopping' || instance.state === 'stopped') { return; }
    if (instance.state !== 'running') { throw incorrect(instance, 'stopped'); }
    stop(call.world, instance, call.input.flag('Force') === true || call.input.flag('SkipOsShutdown') === true);
  }, {
    check: ({ spotRequestId, id }) => {
      if (spotRequestId) { throw new ApiError('UnsupportedOperation', `You can't stop the Spot Instance '${id}' because it is associated with a one-time Spot Instance request.`); }
    },
  })),

  StartInstances: action('InstanceId', (call) => change(call, (instance) => {
    if (instance.state === 'pending' || instance.state === 'running') { return; }
    if (instance.state !== 'stopped') { throw incorrect(instance, 'started'); }
    startAgain(call.world, instance);
  })),

  RebootInstances: action('InstanceId', (call) => {
    const instances = requiredList(call, 'InstanceId').map((id) => findInstance(call, id));
    for (const instance of instances) { if (instance.state !== 'running') { throw incorrect(instance, 'rebooted'); } }
    for (const instance of instances) { void instance.machine?.reboot().catch(() => { instance.impaired = true; }); }
    return { return: true };
  }),

  TerminateInstances: action('InstanceId SkipOsShutdown Force', (call) => change(call, (instance) => {
    if (instance.state === 'terminated' || instance.state === 'shutting-down') { return; }
    terminate(call.world, instance);
  }, {
    check: (instance) => {
      if (!instance.protected) { return; }
      throw new ApiError('OperationNotPermitted', `The instance '${instance.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`);
    },
  })),

  GetConsoleOutput: action('InstanceId Latest', async (call) => {
    const instance = findInstance(call, required(call, 'InstanceId'));
    const output = await instance.machine?.console().catch(() => '') ?? '';
    return { instanceId: instance.id, timestamp: new Date(call.world.clock.now()), output: output && Buffer.from(output).toString('base64') };
  }),

};

function select(call: Call, all: readonly Instance[]): { readonly items: readonly Instance[]; readonly nextToken?: string } {
  const { world, input, account } = call;
  const passes = filters(input, FILTERS);
  const ids = input.texts('InstanceId');
  const now = world.clock.now();
  const found = ids.length > 0
    ? ids.map((id) => findInstance(call, id))
    : all.filter((instance) => visible(world, instance) && instance.owner === account);
  const wanted = found.filter((instance) => passes(instance) && now - (instance.terminatedAt ?? now) < REMEMBERED_MS);
  return page(wanted, input, { min: 5, max: 1000 }, 'InstanceId');
}

/** Moves instances to another state; the answer says both. Where one of them cannot move, none does. */
function change(call: Call, move: (instance: Instance) => void, { check }: { readonly check?: (instance: Instance) => void } = {}): Answer {
  const instances = requiredList(call, 'InstanceId').map((id) => findInstance(call, id));
  for (const instance of instances) { check?.(instance); }
  if (call.input.flag('DryRun')) { throw new ApiError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412); }
  return {
    instancesSet: instances.map((instance) => {
      const previousState = stateXml(instance.state);
      move(instance);
      return { instanceId: instance.id, currentState: stateXml(instance.state), previousState };
    }),
  };
}

function incorrect(instance: Instance, verb: string): ApiError {
  return new ApiError('IncorrectInstanceState', `The instance '${instance.id}' is not in a state from which it can be ${verb}.`);
}

