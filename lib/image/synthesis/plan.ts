import { Stack, Token } from 'aws-cdk-lib';
import { InstanceArchitecture, InstanceType } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { Fault } from '../../errors';
import type { Builder } from '../../plan/builder';
import type { DeliverySpec } from '../../plan/delivery';
import { deliveryHash } from '../../plan/keys';
import { PLAN_VERSION, type Plan, type Target } from '../../plan/model';
import { planFaults } from '../../plan/validate';
import type { AmiImageProps } from '../ami-image-props';
import { Communicator } from '../communicator';
import type { RenderedDefinition } from './definition';
import { communicatorFaults, deliveryFaults } from './option-faults';
import type { Draft } from '../lowering/draft';
import { tokenFaults } from '../lowering/token-faults';

/** The plan of an image, and everything that is wrong with it. */
export interface RenderedPlan {
  readonly plan: Plan;
  readonly faults: readonly Fault[];
}

/** What the names of SSM parameters start with that hold the IDs of images. */
const PARAMETER_PREFIX = '/golden/images/';

/** Name of the SSM parameter that the ID of the image with this definition is written to. */
export function parameterNameOf(hash: string): string {
  return `${PARAMETER_PREFIX}${hash}`;
}

/** Renders the whole plan. Never throws for what a user gave: that is in the faults. */
export function renderPlan(image: Construct, name: string, props: AmiImageProps, draft: Draft, rendered: RenderedDefinition): RenderedPlan {
  const path = image.node.path;
  const architecture = props.source.architecture;
  const instanceTypes = props.builder?.instanceTypes ?? [defaultInstanceType(architecture)];
  const builder: Builder = {
    instanceTypes: instanceTypes.map((type) => type.toString()),
    communicator: (props.builder?.communicator ?? Communicator.ssm())._spec,
    checkpoints: [...draft.checkpoints],
    network: {},
    tags: {},
    waitForCloudInit: true,
    leaseMinutes: 30,
  };
  const delivery: DeliverySpec = {
    name,
    description: props.description,
    parameterName: parameterNameOf(rendered.hash),
    tags: props.distribution?.tags ?? {},
    regions: (props.distribution?.regions ?? []).map((region) => ({ region })),
    encryption: { encrypted: true },
    sharing: { accounts: props.distribution?.accounts ?? [], organizations: [], organizationalUnits: [], public: false, snapshots: false },
    imdsV2: true,
  };
  const plan: Plan = {
    version: PLAN_VERSION,
    image: path,
    definitionHash: rendered.hash,
    deliveryHash: deliveryHash(delivery),
    definition: rendered.definition,
    builder,
    delivery,
    target: targetOf(image),
  };
  const faults = [
    ...rendered.faults,
    ...tokenFaults(builder, path, 'builder'),
    ...tokenFaults(delivery, path, 'delivery'),
    ...deliveryFaults(delivery, path),
    ...communicatorFaults(builder.communicator, path),
    ...instanceTypes.flatMap((type) => instanceTypeFaults(type, architecture, path)),
    ...(builder.instanceTypes.length > 0 ? [] : [
      { code: 'no-instance-type', message: 'The builder has no instance types', hint: 'Give at least one, or leave instanceTypes out.', path },
    ]),
  ];
  // The schema speaks of fields, not of what a user wrote, so it has the word only where nothing else was found.
  return { plan, faults: faults.length > 0 ? faults : planFaults(plan) };
}

function defaultInstanceType(architecture: InstanceArchitecture): InstanceType {
  return new InstanceType(architecture === InstanceArchitecture.ARM_64 ? 't4g.medium' : 't3.medium');
}

function instanceTypeFaults(type: InstanceType, architecture: InstanceArchitecture, path: string): Fault[] {
  if (Token.isUnresolved(type.toString())) { return []; }
  const actual = architectureOf(type);
  if (actual === architecture) { return []; }
  if (actual === undefined) {
    const message = `${JSON.stringify(type.toString())} is not an instance type`;
    return [{ code: 'invalid-instance-type', message, hint: 'Give one such as m7g.large.', path }];
  }
  return [{
    code: 'wrong-architecture',
    message: `The instance type ${type.toString()} is of the architecture ${actual}, the source of ${architecture}`,
    hint: `Build on an instance type for ${architecture}, or take the source for ${actual}.`,
    path,
  }];
}

/** CDK throws for what does not look like an instance type. */
function architectureOf(type: InstanceType): InstanceArchitecture | undefined {
  try { return type.architecture; } catch { return undefined; }
}

function targetOf(image: Construct): Target {
  const { account, region } = Stack.of(image);
  return {
    account: Token.isUnresolved(account) ? undefined : account,
    region: Token.isUnresolved(region) ? undefined : region,
  };
}
