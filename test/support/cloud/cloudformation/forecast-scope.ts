import type { Forecast } from './changes';
import type { Scope } from './functions';
import { scopeOf, type Surroundings } from './scope';
import type { Definition, Stack } from './stack';

/** What a definition would come to in a stack, as far as that is known before. */
export function scopeFor(stack: Stack, definition: Definition, forecast: Forecast, surroundings: Surroundings): Scope {
  const { template, parameters, notificationArns } = definition;
  const { id: stackId, name: stackName, account, region } = stack;
  return scopeOf(template, parameters, { stackId, stackName, account, region, notificationArns }, surroundings, forecast);
}
