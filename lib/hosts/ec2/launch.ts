import { createHash, randomBytes } from 'crypto';
import { DescribeInstancesCommand, RunInstancesCommand, TerminateInstancesCommand, type Instance } from '@aws-sdk/client-ec2';
import { awsCode, awsMessage } from './aws-errors';
import type { NotYet } from './aws-request';
import type { Cloud } from './cloud';
import { Ec2Machine } from './ec2-machine';
import { prepareLaunch, type MachineRequest, type Preparation } from './launch-preparation';
import { refusedLaunch } from './launch-refusals';
import { alternatives, launchRequest, needsStop, type Alternative } from './launch-request';
import { throwIfAborted } from './retry';
import { removeGroup } from './security-group';
import { temporaryTags, type TagMap } from './tags';
import { terminateInstance } from './termination';
import { GoldenError } from '../../errors';
import type { HostContext } from '../../ports/host';

/** How long an instance may be pending. */
const RUNNING_MS = 600_000;

/** There is no such machine to be had here and now: another type, place or market may have one. */
const NO_CAPACITY = new Set([
  'InsufficientInstanceCapacity', 'InsufficientHostCapacity', 'InsufficientReservedInstanceCapacity', 'InsufficientCapacity', 'UnfulfillableCapacity',
  'InsufficientFreeAddressesInSubnet', 'InsufficientAddressCapacity', 'InsufficientVolumeCapacity', 'Unsupported', 'VcpuLimitExceeded',
  'InstanceLimitExceeded', 'MaxSpotInstanceCountExceeded', 'SpotMaxPriceTooLow',
]);

/** The managed profile may have been made a moment ago, by us or by another build. */
const PROFILE_NOT_YET: NotYet = { code: 'InvalidParameterValue', message: /instance ?profile/i };

/** What was made a moment ago, and is not known everywhere. */
const NOT_YET: readonly NotYet[] = [
  'InvalidGroup.NotFound', 'InvalidAMIID.NotFound', 'InvalidAMIID.Unavailable',
];

/**
 * Launches a machine, and waits until it runs. Whatever fails, nothing of it is left running.
 * Errors: `no-capacity`, `launch-failed`, `image-gone`, and those of network, groups, profile and user-data.
 */
export async function launchMachine(cloud: Cloud, request: MachineRequest, context: HostContext): Promise<Ec2Machine> {
  const preparation = await prepareLaunch(cloud, request, context);
  const launch = new Launch(cloud, request, preparation, context);
  try {
    return await launch.run();
  } catch (error) {
    await launch.giveUp();
    throw error;
  }
}

/** One launch, with the ways it has tried. */
class Launch {
  /** Another for each launch: of one build, two machines may be alike. */
  private readonly nonce = randomBytes(8).toString('hex');
  private readonly tokens: string[] = [];
  private readonly started: string[] = [];
  private readonly refusals: string[] = [];
  private readonly tags: TagMap;

  constructor(
    private readonly cloud: Cloud,
    private readonly request: MachineRequest,
    private readonly preparation: Preparation,
    private readonly context: HostContext,
  ) {
    this.tags = temporaryTags(request.plan, context.buildId, cloud.clock);
  }

  async run(): Promise<Ec2Machine> {
    const { context, request } = this;
    await context.intend('ec2-launch', { region: request.region, buildId: context.buildId, purpose: request.purpose });
    if (request.plan.builder.spot && request.purpose === 'build' && needsStop(request.plan)) {
      this.warn('It is built on demand: an image with a bootMode needs a machine that can be stopped, and spot capacity cannot.');
    }
    for (const way of alternatives(request, this.preparation)) {
      throwIfAborted(context.signal);
      const instance = await this.tryWay(way);
      if (instance) { return this.machine(instance, way); }
    }
    throw new GoldenError('no-capacity', `There is no capacity for its machine:\n  ${this.refusals.join('\n  ')}`, {
      path: request.plan.image, hint: 'Add instance types or subnets to the image: each is tried in turn. Or try later.',
    });
  }

  /** Ends what was started, also where nobody knows whether it was. */
  async giveUp(): Promise<void> {
    const { cloud, request, preparation } = this;
    const ec2 = cloud.clients.ec2(request.region);
    try {
      // What is known needs no look: looking may be what is not allowed.
      await Promise.all(this.started.map((id) => terminateInstance(ec2, id)));
      if (this.tokens.length > this.started.length) {
        const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'client-token', Values: this.tokens }] }));
        const ids = Reservations.flatMap(({ Instances = [] }) => Instances).map(({ InstanceId }) => InstanceId!);
        if (ids.length > 0) { await ec2.send(new TerminateInstancesCommand({ InstanceIds: ids })); }
      }
      if (preparation.ownGroup) { await removeGroup(ec2, preparation.ownGroup); }
    } catch (error) {
      this.warn(`Could not remove what a launch has left: ${(error as Error).message}\nRemove it with: golden gc --host ec2`);
    }
  }

  /** The running instance, or nothing where there is no capacity for it. */
  private async tryWay(way: Alternative): Promise<Instance | undefined> {
    try {
      const id = await this.start(way);
      return await this.running(id);
    } catch (error) {
      const code = capacityCode(error);
      if (!code) { throw refusedLaunch(error, this.request.plan); }
      const { instanceType, subnet, spot } = way;
      this.refusals.push(`${instanceType}${spot ? ', spot' : ''}, in ${subnet.id} (${subnet.availabilityZone}): ${code}: ${awsMessage(error)}`);
      return undefined;
    }
  }

  private async start(way: Alternative): Promise<string> {
    const { cloud, request, context } = this;
    const asked = launchRequest(request, this.preparation, way, this.tags);
    const ClientToken = createHash('sha256').update(`${context.buildId}|${this.nonce}|${JSON.stringify(asked)}`).digest('hex');
    this.tokens.push(ClientToken);
    const notYet = request.plan.builder.instanceProfile ? NOT_YET : [...NOT_YET, PROFILE_NOT_YET];
    const answer = cloud.clients.ec2(request.region).send(new RunInstancesCommand({ ...asked, ClientToken }), { signal: context.signal, notYet });
    request.onAsked?.();
    const { Instances: [instance] = [] } = await answer;
    this.started.push(instance.InstanceId!);
    return instance.InstanceId!;
  }

  private running(id: string): Promise<Instance> {
    const { cloud, request, context } = this;
    return cloud.poller.wait('instance', request.region, id, (found) => {
      const state = found?.State?.Name;
      if (state === 'running') { return found; }
      // It is not known everywhere at once.
      if (!found || state === 'pending') { return undefined; }
      throw new NotStarted(id, found);
    }, { what: `the instance ${id} to run`, timeoutMs: RUNNING_MS, signal: context.signal });
  }

  private machine(instance: Instance, way: Alternative): Ec2Machine {
    for (const refusal of this.refusals) { this.warn(`No capacity for ${refusal}`); }
    return new Ec2Machine(this.cloud, { ...this.request, instance, spot: way.spot, preparation: this.preparation, context: this.context });
  }

  private warn(message: string): void {
    this.context.report({ type: 'notice', level: 'warning', message });
  }
}

/** An instance that ended while it was pending. */
class NotStarted extends GoldenError {
  readonly reason: string;

  constructor(id: string, { StateReason, StateTransitionReason }: Instance) {
    const said = StateReason?.Message ?? StateTransitionReason ?? 'AWS does not say why';
    super('launch-failed', `The instance ${id} ended before it ran: ${said}`, {
      hint: /KMS/i.test(said) ? 'See that whoever builds may use the key of the volumes: its policy, and that it is enabled.' : undefined,
    });
    this.reason = StateReason?.Code ?? '';
  }
}

function capacityCode(error: unknown): string | undefined {
  const code = error instanceof NotStarted ? error.reason.replace(/^(Server|Client)\./, '') : awsCode(error);
  return code && NO_CAPACITY.has(code) ? code : undefined;
}
