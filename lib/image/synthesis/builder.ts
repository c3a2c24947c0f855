import { Token } from 'aws-cdk-lib';
import { InstanceArchitecture, InstanceType } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { builderFaults } from './builder-faults';
import { lateReader } from './late-values';
import { renderNetwork } from './network';
import { sshFaults } from './ssh-faults';
import type { Fault } from '../../errors';
import type { Builder } from '../../plan/builder';
import type { BuilderOptions } from '../builder-options';
import { Communicator } from '../communicator';
import { tokenFaults } from '../lowering/token-faults';
import type { Source } from '../sources/source';

const LEASE_MINUTES = 30;

/** How an image is built, but for its checkpoints, and everything that is wrong with it. */
export interface RenderedBuilder {
  readonly builder: Omit<Builder, 'checkpoints'>;
  readonly faults: readonly Fault[];
}

/** Renders how an image is built. Never throws for what a user gave. What is declared in other stacks becomes outputs there. */
export function renderBuilder(image: Construct, source: Source, options: BuilderOptions = {}): RenderedBuilder {
  const path = image.node.path;
  const faults: Fault[] = [];
  const report = (fault: Fault) => { faults.push({ ...fault, path }); };
  const read = lateReader(image, report);
  const instanceTypes = options.instanceTypes ?? [defaultInstanceType(source.architecture)];
  const { spot } = options;
  const builder: Omit<Builder, 'checkpoints'> = {
    instanceTypes: instanceTypes.map((type) => type.toString()),
    communicator: (options.communicator ?? Communicator.ssm())._spec,
    network: renderNetwork(options, read, report),
    instanceProfile: options.instanceProfile && read(options.instanceProfile.instanceProfileName, 'builder.instanceProfile'),
    placement: options.placement && {
      availabilityZone: options.placement.availabilityZone,
      tenancy: options.placement.tenancy,
      hostId: options.placement.hostId,
      groupName: options.placement.placementGroupName,
    },
    spot: spot && { maxPrice: spot.maxPrice === undefined ? undefined : String(spot.maxPrice) },
    tags: options.tags ?? {},
    waitForCloudInit: options.waitForCloudInit ?? true,
    leaseMinutes: leaseMinutes(options, report),
  };
  faults.push(...tokenFaults(builder, path, 'builder'));
  [...builderFaults(builder, source), ...sshFaults(builder.communicator), ...instanceTypeFaults(instanceTypes, source.architecture)].forEach(report);
  return { builder, faults };
}

function leaseMinutes({ leaseTimeout }: BuilderOptions, report: (fault: Fault) => void): number {
  if (leaseTimeout?.isUnresolved()) {
    report({ code: 'token', message: 'leaseTimeout holds a CDK token', hint: 'Give a plain duration, such as Duration.minutes(30).' });
    return LEASE_MINUTES;
  }
  return leaseTimeout ? Math.ceil(leaseTimeout.toMinutes({ integral: false })) : LEASE_MINUTES;
}

function defaultInstanceType(architecture: InstanceArchitecture): InstanceType {
  return new InstanceType(architecture === InstanceArchitecture.ARM_64 ? 't4g.medium' : 't3.medium');
}

function instanceTypeFaults(types: readonly InstanceType[], architecture: InstanceArchitecture): Fault[] {
  if (types.length === 0) {
    return [{ code: 'no-instance-type', message: 'The builder has no instance types', hint: 'Give at least one, or leave instanceTypes out.' }];
  }
  return types.filter((type) => !Token.isUnresolved(type.toString())).flatMap((type) => {
    const actual = architectureOf(type);
    if (actual === architecture) { return []; }
    if (actual === undefined) {
      const message = `${JSON.stringify(type.toString())} is not an instance type`;
      return [{ code: 'invalid-instance-type', message, hint: 'Give one such as m7g.large.' }];
    }
    return [{
      code: 'wrong-architecture',
      message: `The instance type ${type.toString()} is of the architecture ${actual}, the source of ${architecture}`,
      hint: `Build on an instance type for ${architecture}, or take the source for ${actual}.`,
    }];
  });
}

/** CDK throws for what does not look like an instance type. */
function architectureOf(type: InstanceType): InstanceArchitecture | undefined {
  try { return type.architecture; } catch { return undefined; }
}
