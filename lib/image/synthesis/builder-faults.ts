import { Token } from 'aws-cdk-lib';
import { oddTexts, tagFaults } from './odd-texts';
import type { Fault } from '../../errors';
import type { Builder, CommunicatorSpec, PlacementSpec, SpotSpec } from '../../plan/builder';
import type { OsFamily, SourceSpec } from '../../plan/model';
import type { Source } from '../sources/source';

/** Families for which the SSM agent can be installed when a machine starts. */
export const AGENT_FAMILIES: readonly OsFamily[] = ['debian', 'redhat', 'suse'];

/** Price in US dollars an hour below which EC2 takes none. */
const LOWEST_PRICE = 0.001;

/** What is wrong with how an image is built. CDK tokens are reported elsewhere. */
export function builderFaults(builder: Omit<Builder, 'checkpoints'>, source: Source): Fault[] {
  const { communicator, spot, placement, tags, leaseMinutes } = builder;
  return [
    ...tagFaults(tags),
    ...spotFaults(spot),
    ...placementFaults(placement),
    ...(source._faults.length > 0 ? [] : agentFaults(communicator, source._spec(), source.osFamily._family)),
    ...(leaseMinutes >= 5 ? [] : [{
      code: 'invalid-lease', message: `leaseTimeout is ${leaseMinutes} min`, hint: 'Give at least 5 minutes, so that a lost connection does not end the machine.',
    }]),
  ];
}

function spotFaults(spot: SpotSpec | undefined): Fault[] {
  const price = spot?.maxPrice;
  if (price === undefined || Token.isUnresolved(price) || (Number(price) >= LOWEST_PRICE && /^[0-9]+(\.[0-9]+)?$/.test(price))) { return []; }
  return [{ code: 'invalid-price', message: `${price} is not a price`, hint: 'Give US dollars an hour, such as 0.05; at least 0.001. Without one, the on-demand price is the most.' }];
}

function placementFaults({ availabilityZone, tenancy, hostId }: PlacementSpec = {}): Fault[] {
  return [
    ...oddTexts(/^[a-z]{2,}(-[a-z0-9]+)+$/, availabilityZone === undefined ? [] : [availabilityZone]).map((text) => ({
      code: 'invalid-availability-zone', message: `${text} is not the name of an availability zone`, hint: 'Give one such as eu-west-1a.',
    })),
    ...oddTexts(/^h-[0-9a-f]{8,17}$/, hostId === undefined ? [] : [hostId]).map((text) => ({
      code: 'invalid-host', message: `${text} is not the ID of a Dedicated Host`, hint: 'Give one such as h-0123456789abcdef0.',
    })),
    ...(hostId === undefined || tenancy === 'host' ? [] : [{
      code: 'conflicting-options', message: 'placement has a hostId and another tenancy than HOST', hint: 'Give tenancy: BuilderTenancy.HOST, or no hostId.',
    }]),
  ];
}

/** An image of ours has a fault of its own, and a source without a cloud is never started there. */
function agentFaults(communicator: CommunicatorSpec, { type, ssmAgent }: SourceSpec, osFamily: OsFamily): Fault[] {
  const wanted = communicator.type === 'ssm' || communicator.via === 'session-manager';
  if (!wanted || ssmAgent || type === 'image' || type === 'local' || AGENT_FAMILIES.includes(osFamily)) { return []; }
  return [{
    code: 'no-ssm-agent',
    message: `The source does not have the SSM agent, and it cannot be installed on the OS family ${osFamily}`,
    hint: 'Does it have it? Say hasSsmAgent: true. Is it of the Debian, Red Hat or SUSE family? Say osFamily. Else build with Communicator.ssh().',
  }];
}
