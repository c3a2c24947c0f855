import { CloudClients } from './clients';
import { Leases } from './lease-tags';
import { Poller } from './poller';
import type { Plan } from '../../plan/model';
import type { Clock } from '../../ports/clock';

/** What all parts of the host share. */
export interface Cloud {
  readonly clients: CloudClients;
  readonly clock: Clock;
  readonly poller: Poller;
  readonly leases: Leases;
  /** Gets the manifests of finished images. */
  readonly outputFolder: string;
  /** As others see this computer; absent: they are asked. */
  readonly callerAddress?: string;
  /** Bucket of the user for what is too big for a command. Absent: one that is made when it is needed. */
  readonly stagingBucket?: string;
  /** The region that an image is built in. */
  regionOf(plan: Pick<Plan, 'target'>): Promise<string>;
}

export interface CloudOptions {
  readonly clock: Clock;
  readonly outputFolder: string;
  /** Region that the user named. */
  readonly region?: string;
  /** Role that is assumed for all calls. */
  readonly roleArn?: string;
  readonly callerAddress?: string;
  readonly stagingBucket?: string;
  readonly clients?: CloudClients;
}

export function openCloud(options: CloudOptions): Cloud {
  const { clock, outputFolder, callerAddress, region, roleArn, stagingBucket } = options;
  const own = options.clients ?? new CloudClients({ clock, region });
  const clients = roleArn === undefined ? own : own.assuming(roleArn);
  const ec2 = (name: string) => clients.ec2(name);
  return {
    clients,
    clock,
    poller: new Poller(clock, ec2),
    leases: new Leases(clock, ec2),
    outputFolder,
    callerAddress,
    stagingBucket,
    regionOf: async (plan) => region ?? plan.target.region ?? await clients.defaultRegion(),
  };
}
