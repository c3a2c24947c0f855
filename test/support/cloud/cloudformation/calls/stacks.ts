import { actingCredentials, memberTexts, stackOf, type StackActions, type StackCall } from './stack-call';
import { stackXml, summaryXml } from './stack-xml';
import { ApiError } from '../../protocol/api-error';
import { changesOf, Forecast } from '../changes';
import { definitionIn } from '../definition-input';
import { scopeFor } from '../forecast-scope';
import { newStack } from '../new-stack';
import { isUpdatable, nothingChanges } from '../readiness';
import type { Stack } from '../stack';
import { invalid } from '../template';

/** Calls that make, change and remove stacks, and those that list them. */
export const STACK_CALLS: StackActions = {
  CreateStack: async (call) => {
    const { input, place, operations, caller } = call;
    const name = input.text('StackName') ?? '';
    if (place.find(name)) { throw new ApiError('AlreadyExistsException', `Stack [${name}] already exists`); }
    const credentials = await actingCredentials(call, input.text('RoleARN'));
    const definition = await definitionIn(call, undefined, { ...caller, credentials });
    const stack = newStack(call, name, credentials);
    stack.terminationProtection = input.flag('EnableTerminationProtection') === true;
    place.add(stack);
    operations.deploy(stack, definition, {
      kind: 'CREATE', clientToken: input.text('ClientRequestToken'), disableRollback: input.flag('DisableRollback') === true, onFailure: input.text('OnFailure'),
    });
    return { StackId: stack.id };
  },

  UpdateStack: async (call) => {
    const { input, operations, caller, place } = call;
    const stack = stackOf(call, (name) => `Stack [${name}] does not exist`);
    if (!isUpdatable(stack)) { throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`); }
    const credentials = await actingCredentials(call, input.text('RoleARN') ?? stack.definition?.roleArn);
    const acting = { ...caller, credentials };
    const definition = await definitionIn(call, stack, acting);
    const forecast = new Forecast(stack);
    const scope = scopeFor(stack, definition, forecast, await place.surroundings(definition.template, acting));
    const changes = await changesOf(stack, definition, scope, forecast, acting);
    if (changes.length === 0 && nothingChanges(stack, definition, scope)) { throw invalid('No updates are to be performed.'); }
    stack.credentials = credentials;
    operations.deploy(stack, definition, { kind: 'UPDATE', clientToken: input.text('ClientRequestToken'), disableRollback: input.flag('DisableRollback') === true });
    return { StackId: stack.id };
  },

  DeleteStack: async (call) => {
    const { input, operations, place } = call;
    const stack = place.find(input.text('StackName') ?? '');
    // One that is not there is no error.
    if (!stack || stack.status === 'DELETE_COMPLETE' || stack.status === 'DELETE_IN_PROGRESS') { return {}; }
    if (stack.going && /^UPDATE_/.test(stack.status)) { throw invalid(`Stack [${stack.id}] cannot be deleted while in status ${stack.status}`); }
    if (stack.terminationProtection) { throw invalid(`Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`); }
    for (const { exportName } of stack.outputs) {
      const [user] = exportName === undefined ? [] : place.importers(exportName);
      if (user) { throw invalid(`Export ${exportName} cannot be deleted as it is in use by ${user.name}`); }
    }
    stack.credentials = await actingCredentials(call, input.text('RoleARN') ?? stack.definition?.roleArn);
    operations.remove(stack, memberTexts(input, 'RetainResources'), input.text('ClientRequestToken'));
    return {};
  },

  RollbackStack: async (call) => rollBack(call, ['CREATE_FAILED', 'UPDATE_FAILED']),

  ContinueUpdateRollback: async (call) => {
    await rollBack(call, ['UPDATE_ROLLBACK_FAILED']);
    return {};
  },

  DescribeStacks: async (call) => {
    const { input, place } = call;
    if (input.text('StackName') === undefined) { return { Stacks: place.all().filter(({ status }) => status !== 'DELETE_COMPLETE').map(stackXml) }; }
    const stack = stackOf(call);
    await settled(call, stack);
    return { Stacks: [stackXml(stack)] };
  },

  ListStacks: ({ input, place }) => {
    const statuses = memberTexts(input, 'StackStatusFilter');
    return { StackSummaries: place.all().filter(({ status }) => statuses.length === 0 || statuses.includes(status)).map(summaryXml) };
  },

  UpdateTerminationProtection: (call) => {
    const stack = stackOf(call);
    stack.terminationProtection = call.input.flag('EnableTerminationProtection') === true;
    return { StackId: stack.id };
  },

  ListExports: ({ place }) => ({
    Exports: place.exports().map(({ name, value, stack }) => ({ ExportingStackId: stack.id, Name: name, Value: value })),
  }),

  ListImports: ({ input, place }) => {
    const name = input.text('ExportName') ?? '';
    const users = place.importers(name);
    if (users.length === 0) { throw invalid(`Export '${name}' is not imported by any stack.`); }
    return { Imports: users.map((stack) => stack.name) };
  },
};

async function rollBack(call: StackCall, statuses: readonly string[]): Promise<{ readonly StackId: string }> {
  const { input, operations } = call;
  const stack = stackOf(call, (name) => `Stack [${name}] does not exist`);
  if (!statuses.includes(stack.status)) { throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not be rolled back.`); }
  stack.credentials = await actingCredentials(call, input.text('RoleARN') ?? stack.definition?.roleArn);
  operations.rollBack(stack, input.text('ClientRequestToken'));
  return { StackId: stack.id };
}

/** Deployment tools look only every few seconds: an answer that waits a little saves them the wait. */
async function settled({ surroundings, patienceMs }: StackCall, stack: Stack): Promise<void> {
  if (!stack.going || patienceMs === 0) { return; }
  const waiting = new AbortController();
  await Promise.race([stack.going.catch(() => {}), surroundings.sleep(patienceMs, waiting.signal)]);
  waiting.abort();
}
