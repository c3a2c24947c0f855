import { actingCredentials, pageOf, stackOf, type StackActions, type StackCall } from './stack-call';
import { parametersXml } from './stack-xml';
import { newRequestId } from '../../ids';
import { ApiError } from '../../protocol/api-error';
import type { Xml } from '../../protocol/xml';
import type { Caller } from '../../service-client';
import { changesOf, Forecast, type Change } from '../changes';
import { definitionIn } from '../definition-input';
import { scopeFor } from '../forecast-scope';
import { newStack } from '../new-stack';
import { isUpdatable, nothingChanges } from '../readiness';
import { partitionOf } from '../scope';
import type { ChangeSet, Definition, Stack } from '../stack';
import { enter } from '../stack-events';
import { invalid } from '../template';

const NO_CHANGES = 'The submitted information didn\'t contain changes. Submit different information to create a change set.';
const PAGE = 100;

/** Calls about change sets. Their names are those of a stack each. */
export const CHANGE_SET_CALLS: StackActions = {
  CreateChangeSet: async (call) => {
    const { input, caller, place } = call;
    const kind = input.text('ChangeSetType') ?? 'UPDATE';
    if (kind !== 'CREATE' && kind !== 'UPDATE') { throw invalid(`Change sets of type ${kind} are not known here`); }
    const stackName = input.text('StackName') ?? '';
    const existing = place.find(stackName);
    checkKind(kind, stackName, existing);
    const name = input.text('ChangeSetName') ?? '';
    if (!/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(name)) { throw invalid(`1 validation error detected: Value '${name}' at 'changeSetName' failed to satisfy constraint`); }
    if (existing?.changeSets.has(name)) { throw new ApiError('AlreadyExistsException', `ChangeSet ${name} already exists`); }
    const credentials = await actingCredentials(call, input.text('RoleARN') ?? existing?.definition?.roleArn);
    const acting = { ...caller, credentials };
    const definition = await definitionIn(call, existing, acting);
    const stack = existing ?? reviewed(call, newStack(call, stackName, credentials));
    const changeSet = await describe(call, { kind, name, stack, definition, acting });
    stack.changeSets.set(name, changeSet);
    return { Id: changeSet.id, StackId: stack.id };
  },

  DescribeChangeSet: (call) => {
    const { stack, changeSet } = changeSetOf(call);
    const { definition } = changeSet;
    const changes = call.input.flag('IncludePropertyValues') ? changeSet.changesWithValues : changeSet.changes;
    const { items, nextToken } = pageOf(changes, call.input, PAGE);
    return {
      ChangeSetName: changeSet.name,
      ChangeSetId: changeSet.id,
      StackId: stack.id,
      StackName: stack.name,
      Description: changeSet.description,
      Parameters: parametersXml(definition),
      CreationTime: new Date(changeSet.createdAt),
      ExecutionStatus: changeSet.executionStatus,
      Status: changeSet.status,
      StatusReason: changeSet.reason,
      NotificationARNs: definition.notificationArns,
      RollbackConfiguration: {},
      Capabilities: definition.capabilities,
      Tags: Object.entries(definition.tags).map(([Key, Value]) => ({ Key, Value })),
      Changes: items.map((ResourceChange) => ({ Type: 'Resource', ResourceChange: ResourceChange as Xml })),
      NextToken: nextToken,
      IncludeNestedStacks: changeSet.includeNestedStacks,
      OnStackFailure: changeSet.onStackFailure,
    };
  },

  ExecuteChangeSet: (call) => {
    const { input, operations } = call;
    const { stack, changeSet } = changeSetOf(call);
    if (changeSet.executionStatus !== 'AVAILABLE') {
      throw new ApiError('InvalidChangeSetStatus', `ChangeSet [${changeSet.id}] cannot be executed in its current status of [${changeSet.status}]`, 400);
    }
    if (stack.status !== 'REVIEW_IN_PROGRESS' && !isUpdatable(stack)) { throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`); }
    changeSet.executionStatus = 'EXECUTE_COMPLETE';
    // The others were about what the stack was.
    for (const name of [...stack.changeSets.keys()]) { if (name !== changeSet.name) { stack.changeSets.delete(name); } }
    operations.deploy(stack, changeSet.definition, {
      kind: stack.status === 'REVIEW_IN_PROGRESS' ? 'CREATE' : 'UPDATE',
      clientToken: input.text('ClientRequestToken'),
      disableRollback: input.flag('DisableRollback') === true,
      onFailure: changeSet.onStackFailure,
    });
    return {};
  },

  DeleteChangeSet: ({ input, place }) => {
    const name = input.text('ChangeSetName') ?? '';
    const stacks = input.text('StackName') === undefined ? place.all() : [place.find(input.text('StackName')!)];
    // One that is not there is no error.
    for (const stack of stacks) { for (const one of find(stack, name)) { stack!.changeSets.delete(one.name); } }
    return {};
  },

  ListChangeSets: (call) => {
    const stack = stackOf(call, (name) => `Stack [${name}] does not exist`);
    return {
      Summaries: [...stack.changeSets.values()].map(({ id, name, status, reason, executionStatus, createdAt, description }) => ({
        StackId: stack.id,
        StackName: stack.name,
        ChangeSetId: id,
        ChangeSetName: name,
        ExecutionStatus: executionStatus,
        Status: status,
        StatusReason: reason,
        CreationTime: new Date(createdAt),
        Description: description,
      })),
    };
  },
};

function checkKind(kind: 'CREATE' | 'UPDATE', name: string, stack: Stack | undefined): void {
  if (kind === 'CREATE') {
    if (stack && stack.status !== 'REVIEW_IN_PROGRESS') {
      throw invalid(`Stack [${name}] already exists and cannot be created again with the changeSet [CREATE].`);
    }
    return;
  }
  if (!stack || stack.status === 'REVIEW_IN_PROGRESS') { throw invalid(`Stack [${name}] does not exist`); }
  if (!isUpdatable(stack)) { throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`); }
}

/** A stack that is no more than its change set yet. */
function reviewed({ place, surroundings, input }: StackCall, stack: Stack): Stack {
  place.add(stack);
  enter(stack, { id: newRequestId(), clientToken: input.text('ClientToken') }, surroundings.now(), 'REVIEW_IN_PROGRESS', 'User Initiated');
  return stack;
}

interface Submitted {
  readonly kind: 'CREATE' | 'UPDATE';
  readonly name: string;
  readonly stack: Stack;
  readonly definition: Definition;
  readonly acting: Caller;
}

async function describe(call: StackCall, { kind, name, stack, definition, acting }: Submitted): Promise<ChangeSet> {
  const { input, surroundings, account, region } = call;
  const common = {
    id: `arn:${partitionOf(region)}:cloudformation:${region}:${account}:changeSet/${name}/${newRequestId()}`,
    name,
    type: kind,
    description: input.text('Description'),
    createdAt: surroundings.now(),
    definition,
    includeNestedStacks: input.flag('IncludeNestedStacks') === true,
    onStackFailure: input.text('OnStackFailure'),
  };
  stack.credentials = acting.credentials;
  try {
    const forecast = new Forecast(stack);
    const scope = scopeFor(stack, definition, forecast, await call.place.surroundings(definition.template, acting));
    const changes = await changesOf(stack, definition, scope, forecast, acting);
    const isSame = changes.length === 0 && nothingChanges(stack, definition, scope);
    return {
      ...common, ...listed(changes), status: isSame ? 'FAILED' : 'CREATE_COMPLETE', reason: isSame ? NO_CHANGES : undefined, executionStatus: isSame ? 'UNAVAILABLE' : 'AVAILABLE',
    };
  } catch (error) {
    if (!(error instanceof ApiError)) { throw error; }
    return { ...common, ...listed([]), status: 'FAILED', reason: error.message, executionStatus: 'UNAVAILABLE' };
  }
}

function listed(changes: readonly Change[]): Pick<ChangeSet, 'changes' | 'changesWithValues'> {
  return { changes: changes.map(({ plain }) => plain), changesWithValues: changes.map(({ detailed }) => detailed) };
}

function find(stack: Stack | undefined, nameOrId: string): readonly ChangeSet[] {
  return [...stack?.changeSets.values() ?? []].filter(({ name, id }) => name === nameOrId || id === nameOrId);
}

function changeSetOf(call: StackCall): { readonly stack: Stack; readonly changeSet: ChangeSet } {
  const { input, place } = call;
  const name = input.text('ChangeSetName') ?? '';
  const stackName = input.text('StackName');
  const stacks = stackName === undefined ? place.all() : [place.find(stackName)];
  if (stackName !== undefined && !stacks[0]) { throw invalid(`Stack [${stackName}] does not exist`); }
  for (const stack of stacks) {
    const [changeSet] = find(stack, name);
    if (changeSet) { return { stack: stack!, changeSet }; }
  }
  throw new ApiError('ChangeSetNotFound', `ChangeSet [${name}] does not exist`, 404);
}
