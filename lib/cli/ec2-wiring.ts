import { dirname } from 'path';
import type { AccountOptions, CallersPlace, HostOptions, PlaceOptions, StateOptions, WiredHost } from './surroundings';
import { sshCommunicators } from '../communicators/ssh/ssh-communicators';
import { sessionDialer } from '../communicators/ssm/session-dialer';
import { ssmCommunicators } from '../communicators/ssm/ssm-communicators';
import { awsValues } from '../hosts/ec2/aws-values';
import { bucketRegion } from '../hosts/ec2/bucket-region';
import { openCloud } from '../hosts/ec2/cloud';
import { Ec2Host } from '../hosts/ec2/ec2-host';
import { ec2Machine } from '../hosts/ec2/ec2-machine';
import { findLeftInstance } from '../hosts/ec2/left-instance';
import { overwriteParameter } from '../hosts/ec2/parameters';
import { s3State } from '../hosts/ec2/s3-state';
import { s3Staging } from '../hosts/ec2/staging';
import type { Plan } from '../plan/model';
import { parseS3Location } from '../policies/bucket-names';
import type { CommunicatorFactory } from '../ports/communicator';
import type { StateStore } from '../ports/state';

/* What reaches an AWS account. Loaded for the commands that need one, and no others: it is most of the program. */

/** Builds on EC2, over SSM or over SSH, as each plan says. */
export function wireEc2(options: HostOptions): WiredHost {
  useProfile(options);
  const { clock, outputFolder, region: named, roleArn, environment, stagingBucket } = options;
  const host = new Ec2Host({ clock, outputFolder, region: named, roleArn, stagingBucket, callerAddress: environment.GOLDEN_CALLER_ADDRESS });
  const { cloud } = host;

  const overSsm = (region: string): CommunicatorFactory => {
    const access = cloud.clients.access(region);
    return {
      kind: 'ssm',
      requirements: { managed: true },
      open: (machine) => {
        const staging = s3Staging(cloud, { region, buildId: ec2Machine(machine).buildId });
        return ssmCommunicators({ access, staging, clock }).open(machine);
      },
    };
  };
  const communicatorOf = (plan: Plan, planFile: string, region: string): CommunicatorFactory => {
    const { communicator } = plan.builder;
    if (communicator.type === 'ssm') { return overSsm(region); }
    const spec = { spec: communicator, folder: dirname(planFile), environment };
    if (communicator.via !== 'session-manager') { return sshCommunicators(spec); }
    const access = cloud.clients.access(region);
    return sshCommunicators({ ...spec, dial: (machine) => sessionDialer({ access, instanceId: ec2Machine(machine).id, clock }) });
  };
  return {
    host,
    communicators: async (plan, planFile) => {
      const region = await cloud.regionOf(plan);
      // Keys of the builder are not those of the machine that is started from the image.
      return { provision: communicatorOf(plan, planFile, region), bootTest: communicatorOf(plan, planFile, region) };
    },
    // Keys of SSH were in the memory of the build only: what is left is reached by its agent.
    machineOf: async (build) => {
      const found = await findLeftInstance(cloud, build);
      if (!found) { return undefined; }
      const { machine, region } = found;
      const staging = s3Staging(cloud, { region, buildId: build.buildId });
      return { machine, communicator: ssmCommunicators({ access: cloud.clients.access(region), staging, clock }).open(machine) };
    },
    values: async (plan) => awsValues(cloud, await cloud.regionOf(plan)),
    alias: async (plan, name, imageId) => overwriteParameter(cloud, await cloud.regionOf(plan), name, imageId),
  };
}

/** Keeps records and locks in S3. */
export async function openS3State({ location, clock, stateFolder, ...account }: StateOptions & { readonly location: string }): Promise<StateStore> {
  useProfile(account);
  const place = parseS3Location(location);
  const { clients } = openCloud({ clock, outputFolder: stateFolder, region: account.region, roleArn: account.roleArn });
  const region = await bucketRegion(clients, place.bucket, await clients.defaultRegion());
  return s3State({ client: clients.s3(region), ...place }, clock);
}

/** Whatever stands in the way of knowing it is told by the command itself, where it needs to know. */
export async function callersPlace({ clock, patienceMs, ...account }: PlaceOptions): Promise<CallersPlace> {
  useProfile(account);
  const { clients } = openCloud({ clock, outputFolder: '', region: account.region, roleArn: account.roleArn });
  const region = await clients.defaultRegion().catch(() => undefined);
  if (region === undefined) { return {}; }
  const known = new AbortController();
  const caller = clients.callerIdentity(region).catch(() => undefined).finally(() => known.abort());
  const late = patienceMs === undefined ? [] : [clock.sleep(patienceMs, known.signal).then(() => undefined, () => caller)];
  return { account: (await Promise.race([caller, ...late]))?.account, region };
}

/** The SDK reads it from the environment, wherever it makes a client. */
function useProfile({ profile }: AccountOptions): void {
  if (profile !== undefined) { process.env.AWS_PROFILE = profile; }
}
