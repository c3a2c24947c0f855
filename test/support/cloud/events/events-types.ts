import type { Target } from './event';
import type { Properties, ResourceContext, ResourceType } from '../cloudformation/resource-type';
import type { ResourceTypes } from '../cloudformation/resource-types';
import { ApiError } from '../protocol/api-error';
import { callJson } from '../service-client';

const rule: ResourceType = {
  recreatedBy: ['Name'],
  takes: ['Description', 'EventPattern', 'Name', 'ScheduleExpression', 'State', 'Targets'],
  create: async (context, properties) => {
    const name = String(properties.Name ?? context.newName({ most: 64 }));
    await put(context, name, properties);
    return made(context, name);
  },
  update: async (context, properties, { physicalId, properties: before }) => {
    const kept = new Set(targetsOf(properties).map(({ Id }) => Id));
    await removeTargets(context, physicalId, targetsOf(before).map(({ Id }) => Id).filter((id) => !kept.has(id)));
    await put(context, physicalId, properties);
    return made(context, physicalId);
  },
  delete: async (context, { physicalId, properties }) => {
    await removeTargets(context, physicalId, targetsOf(properties).map(({ Id }) => Id)).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 'ResourceNotFoundException') { throw error; }
    });
    await callJson(context.caller, 'events', 'AWSEvents.DeleteRule', { Name: physicalId });
  },
};

export const EVENTS_TYPES: ResourceTypes = { 'AWS::Events::Rule': rule };

function made({ region, account, partition }: ResourceContext, name: string) {
  return { physicalId: name, attributes: { Arn: `arn:${partition}:events:${region}:${account}:rule/${name}` } };
}

async function put({ caller }: ResourceContext, Name: string, { Targets = [], EventPattern, ...properties }: Properties): Promise<void> {
  await callJson(caller, 'events', 'AWSEvents.PutRule', { ...properties, Name, ...EventPattern ? { EventPattern: JSON.stringify(EventPattern) } : {} });
  if (Targets.length > 0) { await callJson(caller, 'events', 'AWSEvents.PutTargets', { Rule: Name, Targets }); }
}

async function removeTargets({ caller }: ResourceContext, Rule: string, Ids: readonly string[]): Promise<void> {
  if (Ids.length > 0) { await callJson(caller, 'events', 'AWSEvents.RemoveTargets', { Rule, Ids }); }
}

function targetsOf({ Targets = [] }: Properties): readonly Target[] {
  return Targets as readonly Target[];
}
