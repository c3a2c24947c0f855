import { systemClock } from '../../../lib/cli/wiring';
import { openCloud, type Cloud } from '../../../lib/hosts/ec2/cloud';
import type { Ec2Machine } from '../../../lib/hosts/ec2/ec2-machine';
import { launchMachine } from '../../../lib/hosts/ec2/launch';
import type { Builder } from '../../../lib/plan/builder';
import type { DeliverySpec } from '../../../lib/plan/delivery';
import type { Definition, Plan } from '../../../lib/plan/model';
import type { Clock } from '../../../lib/ports/clock';
import type { BuildEvent } from '../../../lib/ports/events';
import type { HostContext } from '../../../lib/ports/host';
import type { LaunchRequirements } from '../../../lib/ports/launch-requirements';
import { startCloud, type Cloud as EmulatedCloud, type CloudOptions } from '../../support/cloud/cloud';
import { sampleDefinition, sampleDelivery, samplePlan } from '../../support/sample-plan';

export const REGION = 'us-east-2';

export interface PlanChanges {
  readonly definition?: Partial<Definition>;
  readonly builder?: Partial<Builder>;
  readonly delivery?: Partial<DeliverySpec>;
}

/** An emulated AWS, and the host's parts that speak to it. */
export interface Ec2Fixture {
  readonly aws: EmulatedCloud;
  readonly cloud: Cloud;
  /** What was intended, in order. */
  readonly intents: string[];
  readonly events: BuildEvent[];
  readonly context: HostContext;
  /** Image to launch from. */
  imageId: string;
  launch(plan: Plan, requirements?: LaunchRequirements, context?: Partial<HostContext>): Promise<Ec2Machine>;
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** The plan of an image for the account of the emulated AWS. */
export function ec2Plan({ definition, builder, delivery }: PlanChanges = {}): Plan {
  const plan = samplePlan({ ...sampleDefinition, ...definition }, { ...sampleDelivery, ...delivery });
  return { ...plan, target: {}, builder: { ...plan.builder, ...builder } };
}

export async function startEc2(options: CloudOptions = {}, clock: Clock = systemClock): Promise<Ec2Fixture> {
  const aws = await startCloud(options);
  Object.assign(process.env, aws.environment);
  const intents: string[] = [];
  const machines: Ec2Machine[] = [];
  const events: BuildEvent[] = [];
  const cloud = openCloud({ clock, outputFolder: '/nonexistent', region: REGION, callerAddress: '198.51.100.7' });
  const context: HostContext = {
    buildId: 'b1',
    report: (event) => { events.push(event); },
    signal: new AbortController().signal,
    intend: async (act) => { intents.push(act); },
    late: async (value) => {
      if (value.type !== 'literal') { throw new Error('no late values'); }
      return value.value;
    },
  };
  const fixture: Ec2Fixture = {
    aws,
    cloud,
    intents,
    events,
    context,
    imageId: '',
    launch: async (plan, requirements = { managed: true }, changes = {}) => {
      const request = { region: REGION, plan, imageId: fixture.imageId, purpose: 'build', requirements } as const;
      const machine = await launchMachine(cloud, request, { ...context, signal: new AbortController().signal, ...changes });
      machines.push(machine);
      return machine;
    },
    reset: async () => {
      aws.settings.denied = [];
      aws.faults.clear();
      await Promise.all(machines.splice(0).map((machine) => machine.destroy()));
      await aws.reset();
      intents.length = 0;
      events.length = 0;
    },
    stop: async () => {
      await fixture.reset();
      await aws.stop();
    },
  };
  return fixture;
}

/** But for what is going, and what is kept on purpose. */
export async function nothingIsLeft({ aws }: Ec2Fixture): Promise<void> {
  const { instances, volumes, securityGroups } = await aws.resources();
  expect(instances.filter(({ state }) => state !== 'shutting-down')).toEqual([]);
  expect(volumes.filter(({ state }) => state === 'available')).toEqual([]);
  expect(securityGroups.map(({ name }) => name).filter((name) => name !== 'golden-no-inbound')).toEqual([]);
}
