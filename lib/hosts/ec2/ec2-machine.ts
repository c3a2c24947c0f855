import { ModifyInstanceAttributeCommand, StopInstancesCommand, type Instance } from '@aws-sdk/client-ec2';
import { LEAVE_AGENT } from './agent-script';
import type { Cloud } from './cloud';
import type { ImageOrigin, MachineRequest, Preparation } from './launch-preparation';
import { leaseOf } from './lease-script';
import { noInboundGroup, removeGroup } from './security-group';
import { tcpDialer } from './tcp-dialer';
import { terminateInstance } from './termination';
import { loginUser } from './user-data';
import { GoldenError } from '../../errors';
import type { Plan } from '../../plan/model';
import type { HostContext, Lease, Machine, MachineAccess } from '../../ports/host';

/** EC2 itself ends a system that does not shut down, after some minutes. */
const STOP_MS = 600_000;

/** How long an instance that was there may be missing in an answer before it counts as gone. */
const MISSING_MS = 60_000;

/** How long an instance may be on the way to a state that it can be stopped in. */
const STATE_MS = 30_000;

export interface Ec2MachineOptions extends MachineRequest {
  /** As it runs. */
  readonly instance: Instance;
  readonly spot: boolean;
  readonly preparation: Preparation;
  readonly context: HostContext;
}

/** An instance that this host launched. */
export class Ec2Machine implements Machine {
  readonly id: string;
  readonly description: string;
  readonly booted = true;
  readonly cloudInit = true;
  readonly access: MachineAccess;
  readonly lease: Lease;
  readonly leave?: string;
  readonly lost: Promise<string>;
  readonly region: string;
  readonly plan: Plan;
  readonly buildId: string;
  /** AMI that it was launched from. */
  readonly sourceImage: string;
  /** What it was made from, layers left out. */
  readonly origin: ImageOrigin;
  readonly launchedAs: Instance;
  /** An instance of one-time spot capacity cannot be stopped: CreateImage takes it down for the time of the snapshot. */
  readonly spot: boolean;
  private readonly watch = new AbortController();
  private ownGroup: string | undefined;
  /** Where it moves once nobody connects any more: looked for while others are waited for. Nothing where that failed. */
  private readonly shelter: Promise<string | undefined>;
  private leaving: Promise<void> | undefined;
  private releasing: Promise<void> | undefined;
  private destroyed: Promise<void> | undefined;

  constructor(private readonly cloud: Cloud, private readonly options: Ec2MachineOptions) {
    const { instance, region, plan, imageId, origin, preparation, context, spot, requirements } = options;
    const { InstanceId, InstanceType, Placement } = instance;
    const { builder } = plan;
    this.id = InstanceId!;
    this.region = region;
    this.plan = plan;
    this.buildId = context.buildId;
    this.sourceImage = imageId;
    this.origin = origin ?? { imageId };
    this.launchedAs = instance;
    this.spot = spot;
    this.ownGroup = preparation.ownGroup;
    this.shelter = this.ownGroup ? this.findShelter().catch(() => undefined) : Promise.resolve(undefined);
    const address = this.address();
    this.description = `${InstanceType}${spot ? ' (spot)' : ''} ${this.id}${address ? ` at ${address}` : ''} in ${Placement?.AvailabilityZone ?? region}`;
    this.access = { user: loginUser(plan), instanceId: this.id, ...address !== undefined && { address, dial: tcpDialer(address) } };
    this.lease = leaseOf(builder.leaseMinutes);
    this.leave = requirements.managed ? LEAVE_AGENT : undefined;
    this.lost = this.watchLoss();
    cloud.leases.add(region, this.leased(), ...this.resources());
  }

  /** EC2 does not see that a system restarts by itself: this says only that the instance runs. Who waits for a restart compares boot IDs. */
  async restarted(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    await this.cloud.poller.wait('instance', this.region, this.id, (found) => {
      const state = found?.State?.Name;
      if (state === 'running') { return true; }
      if (state === undefined || state === 'pending') { return undefined; }
      throw new GoldenError('machine-lost', `The instance ${this.id} does not run any more: ${reasonOf(found)}`);
    }, { what: `the instance ${this.id} to run`, timeoutMs, signal });
  }

  /** Nobody connects any more: its own security group goes meanwhile, and is waited for when the machine goes. */
  async stop(timeoutMs: number): Promise<void> {
    this.watch.abort();
    void this.releaseGroup();
    if (!this.spot) {
      await this.ec2.send(new StopInstancesCommand({ InstanceIds: [this.id] }), { notYet: ['IncorrectInstanceState', ...UNKNOWN], deadlineMs: STATE_MS });
      await this.cloud.poller.wait('instance', this.region, this.id, (found) => {
        const state = found?.State?.Name;
        if (state === 'stopped') { return true; }
        if (state !== 'shutting-down' && state !== 'terminated') { return undefined; }
        throw new GoldenError('machine-lost', `The instance ${this.id} ended when it was to stop: ${reasonOf(found)}`);
      }, { what: `the instance ${this.id} to stop`, timeoutMs: Math.max(timeoutMs, STOP_MS), signal: this.options.context.signal });
    }
  }

  /** Done as soon as it has begun: nobody has to wait for its end. */
  destroy(): Promise<void> {
    return this.destroyed ??= this.terminate().catch((error: unknown) => {
      this.destroyed = undefined;
      throw error;
    });
  }

  private async terminate(): Promise<void> {
    this.watch.abort();
    await this.leaveGroup();
    await terminateInstance(this.ec2, this.id);
    this.cloud.leases.remove(this.region, ...this.resources());
    await this.releasing;
    await this.releaseGroup();
    if (this.ownGroup) { void this.removeGroupLater(this.ownGroup); }
  }

  /** Where nobody connects any more, its own group can go at once: it moves to the one that stays. */
  private leaveGroup(): Promise<void> {
    return this.leaving ??= this.moveToShelter().catch(() => undefined);
  }

  private async moveToShelter(): Promise<void> {
    if (!this.ownGroup) { return; }
    const shelter = await this.shelter ?? await this.findShelter();
    await this.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: this.id, Groups: [shelter] }), { notYet: UNKNOWN, deadlineMs: RELEASE_MS });
  }

  private findShelter(): Promise<string> {
    return noInboundGroup(this.ec2, this.options.preparation.network.vpc);
  }

  private releaseGroup(): Promise<void> {
    return this.releasing = this.tryRelease();
  }

  private async tryRelease(): Promise<void> {
    const { ownGroup, ec2 } = this;
    if (!ownGroup) { return; }
    await this.leaveGroup();
    try {
      await removeGroup(ec2, ownGroup, { deadlineMs: RELEASE_MS });
      this.ownGroup = undefined;
    } catch {
      // Something holds it still: it is tried again when the machine has gone.
    }
  }

  /** What is left of it when the process ends is for the garbage collection. */
  private async removeGroupLater(group: string): Promise<void> {
    await removeGroup(this.ec2, group).catch((error: Error) => {
      const message = `Could not remove the security group ${group}: ${error.message}\nRemove it with: golden gc --host ec2`;
      this.options.context.report({ type: 'notice', level: 'warning', message });
    });
  }

  private watchLoss(): Promise<string> {
    const { clock, poller } = this.cloud;
    let seenAt = clock.now();
    const lost = poller.wait('instance', this.region, this.id, (found) => {
      if (found) { seenAt = clock.now(); }
      if (!found && clock.now() - seenAt < MISSING_MS) { return undefined; }
      const state = found?.State?.Name;
      return state === 'running' || state === 'pending' ? undefined : `the instance ${this.id} ended: ${reasonOf(found)}`;
    }, { what: `the end of ${this.id}`, timeoutMs: Number.POSITIVE_INFINITY, signal: this.watch.signal, steady: true });
    // Who is stopped, or cannot be looked at, was not lost.
    return new Promise((resolve) => { lost.then(resolve, () => undefined); });
  }

  /** As the communicator reaches it. Errors: `no-public-address`. */
  private address(): string | undefined {
    const { instance, requirements, plan } = this.options;
    const { PublicIpAddress, PrivateIpAddress } = instance;
    if (requirements.address === 'private') { return PrivateIpAddress; }
    if (requirements.address !== 'public' || PublicIpAddress) { return PublicIpAddress ?? PrivateIpAddress; }
    throw new GoldenError('no-public-address', `The instance ${this.id} got no public address`, {
      path: plan.image, hint: 'Ask for one (publicIp), choose a subnet that gives one, or reach it by its private address, session-manager or ssm.',
    });
  }

  /** All that exists for this machine. */
  private resources(): readonly string[] {
    const { BlockDeviceMappings = [], NetworkInterfaces = [] } = this.launchedAs;
    const { ownGroup } = this.options.preparation;
    const volumes = BlockDeviceMappings.flatMap(({ Ebs }) => Ebs?.VolumeId ?? []);
    const interfaces = NetworkInterfaces.flatMap(({ NetworkInterfaceId }) => NetworkInterfaceId ?? []);
    return [this.id, ...volumes, ...interfaces, ...ownGroup ? [ownGroup] : []];
  }

  private leased(): { readonly buildId: string; readonly leaseMinutes: number } {
    return { buildId: this.buildId, leaseMinutes: this.plan.builder.leaseMinutes };
  }

  private get ec2() { return this.cloud.clients.ec2(this.region); }
}

/** What a part of AWS answers that has not heard of it. */
const UNKNOWN = ['InvalidInstanceID.NotFound', 'InvalidGroup.NotFound'];

/** How long the group may take to be free of a machine that was moved to another. */
const RELEASE_MS = 10_000;

function reasonOf(instance: Instance | undefined): string {
  if (!instance) { return 'AWS does not know it any more'; }
  const { State, StateReason, StateTransitionReason } = instance;
  return `${State?.Name}${StateReason?.Message ?? StateTransitionReason ? `, ${StateReason?.Message ?? StateTransitionReason}` : ''}`;
}

/** The instance behind a machine. Errors: `foreign-machine`. */
export function ec2Machine(machine: Machine): Ec2Machine {
  if (machine instanceof Ec2Machine) { return machine; }
  throw new GoldenError('foreign-machine', `${machine.description} is no machine that this host launched`, { kind: 'internal' });
}
