import { Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { RenderedBuilder } from './builder';
import type { RenderedDefinition } from './definition';
import type { RenderedDelivery } from './delivery-spec';
import type { Fault } from '../../errors';
import type { DeliverySpec } from '../../plan/delivery';
import { deliveryHash } from '../../plan/keys';
import { PLAN_VERSION, type Plan, type Target } from '../../plan/model';
import { planFaults } from '../../plan/validate';
import { parameterNameOf } from '../delivery/image-parameter';
import type { Draft } from '../lowering/draft';

/** The plan of an image, and everything that is wrong with it. */
export interface RenderedPlan {
  readonly plan: Plan;
  readonly faults: readonly Fault[];
}

/** What a plan is put together from. */
export interface PlanParts {
  readonly definition: RenderedDefinition;
  readonly builder: RenderedBuilder;
  readonly delivery: RenderedDelivery;
  /** What is wrong with how it is delivered into stacks. */
  readonly faults: readonly Fault[];
}

/** Renders the whole plan. Never throws for what a user gave: that is in the faults. */
export function renderPlan(image: Construct, draft: Draft, parts: PlanParts): RenderedPlan {
  const { definition, builder } = parts;
  const delivery: DeliverySpec = { ...parts.delivery.delivery, parameterName: parameterNameOf(definition.hash) };
  const plan: Plan = {
    version: PLAN_VERSION,
    image: image.node.path,
    definitionHash: definition.hash,
    deliveryHash: deliveryHash(delivery),
    definition: definition.definition,
    builder: { ...builder.builder, checkpoints: [...draft.checkpoints] },
    delivery,
    target: targetOf(image),
  };
  const faults = [...definition.faults, ...builder.faults, ...parts.delivery.faults, ...parts.faults];
  // The schema speaks of fields, not of what a user wrote, so it has the word only where nothing else was found.
  return { plan, faults: faults.length > 0 ? faults : planFaults(plan) };
}

function targetOf(image: Construct): Target {
  const { account, region } = Stack.of(image);
  return {
    account: Token.isUnresolved(account) ? undefined : account,
    region: Token.isUnresolved(region) ? undefined : region,
  };
}
