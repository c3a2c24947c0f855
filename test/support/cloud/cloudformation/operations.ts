import { setMaxListeners } from 'events';
import type { Callbacks } from './callbacks';
import { deleteAll } from './deletion';
import { cleanUp, Deployment, lookupIn, restore, type Leftover, type PhaseFailure } from './deployment';
import { outputsOf } from './outputs';
import { ResourceWork } from './resource-work';
import { scopeOf, wantedResources } from './scope';
import type { Checkpoint, Definition, Stack } from './stack';
import { enter, type OperationName } from './stack-events';
import type { StackStore } from './stack-store';
import { newRequestId } from '../ids';
import type { Caller } from '../service-client';
import type { ServiceSurroundings } from '../service-surroundings';

export interface DeployOptions {
  readonly kind: 'CREATE' | 'UPDATE';
  readonly clientToken?: string;
  readonly disableRollback: boolean;
  /** Of a stack that cannot be created: `ROLLBACK`, `DELETE` or `DO_NOTHING`. */
  readonly onFailure?: string;
}

/** What goes on in stacks, from its first event to its last. */
export class Operations {
  private generation = new AbortController();
  private readonly going = new Set<Promise<void>>();

  constructor(private readonly surroundings: ServiceSurroundings, private readonly callbacks: Callbacks, private readonly store: StackStore) {}

  /** Begins to make a stack what a definition says. */
  deploy(stack: Stack, definition: Definition, options: DeployOptions): void {
    const { kind, clientToken } = options;
    const name: OperationName = { id: newRequestId(), clientToken };
    const isAgain = stack.checkpoint !== undefined;
    stack.checkpoint ??= { definition: stack.definition, resources: new Map(stack.resources), outputs: stack.outputs };
    stack.definition = definition;
    stack.disableRollback = options.disableRollback;
    this.enter(stack, name, `${isAgain ? 'UPDATE' : kind}_IN_PROGRESS`, 'User Initiated');
    this.begin(stack, () => this.runDeployment(stack, definition, { ...options, name }));
  }

  /** Begins to take a stack back to where it was before it failed. */
  rollBack(stack: Stack, clientToken?: string): void {
    const name: OperationName = { id: newRequestId(), clientToken };
    const { checkpoint } = stack;
    const isCreation = !checkpoint?.definition;
    this.enter(stack, name, isCreation ? 'ROLLBACK_IN_PROGRESS' : 'UPDATE_ROLLBACK_IN_PROGRESS', 'User Initiated');
    this.begin(stack, () => isCreation ? this.undoCreation(stack, name) : this.undoUpdate(stack, name, checkpoint, []));
  }

  /** Begins to remove a stack, but for some of its resources. A creation that still goes on is given up first. */
  remove(stack: Stack, retained: readonly string[], clientToken?: string): void {
    const name: OperationName = { id: newRequestId(), clientToken };
    const { going } = stack;
    const begin = () => this.enter(stack, name, 'DELETE_IN_PROGRESS', 'User Initiated');
    if (going) { stack.cancel?.(); } else { begin(); }
    this.begin(stack, async () => {
      if (going) { await going; begin(); }
      await this.runRemoval(stack, name, retained);
    });
  }

  /** Ends what goes on. */
  async reset(): Promise<void> {
    this.generation.abort(new Error('The cloud was reset.'));
    await Promise.allSettled([...this.going]);
    this.generation = new AbortController();
  }

  private begin(stack: Stack, run: () => Promise<void>): void {
    const going = run()
      .catch((error: Error) => { this.enter(stack, { id: newRequestId() }, `${stack.status.replace(/_IN_PROGRESS$/, '')}_FAILED`, `The emulated cloud failed: ${error.stack}`); })
      .finally(() => {
        this.going.delete(going);
        if (stack.going !== going) { return; }
        stack.going = undefined;
        stack.cancel = undefined;
      });
    stack.going = going;
    this.going.add(going);
  }

  private enter(stack: Stack, name: OperationName, status: string, reason?: string): void {
    enter(stack, name, this.surroundings.now(), status, reason);
  }

  private async runDeployment(stack: Stack, definition: Definition, options: DeployOptions & { readonly name: OperationName }): Promise<void> {
    const { name, kind } = options;
    const checkpoint = stack.checkpoint!;
    const { work, caller, cancel } = this.phase(stack, name);
    stack.cancel = cancel;
    const scope = await this.scope(stack, definition, caller);
    const deployment = new Deployment(stack, definition, scope, work, caller, cancel);
    const failure = await deployment.run() ?? await this.finishOutputs(stack, definition, scope);
    if (failure) {
      await this.failed(stack, failure, { ...options, checkpoint, leftovers: deployment.leftovers });
      return;
    }
    stack.checkpoint = undefined;
    if (checkpoint.definition || kind === 'UPDATE') {
      this.enter(stack, name, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
      await cleanUp(deployment.leftovers, this.phase(stack, name).work);
      this.enter(stack, name, 'UPDATE_COMPLETE');
    } else {
      this.enter(stack, name, 'CREATE_COMPLETE');
    }
  }

  private async finishOutputs(stack: Stack, definition: Definition, scope: Parameters<typeof outputsOf>[2]): Promise<PhaseFailure | undefined> {
    try {
      const { outputs, imports } = outputsOf(definition, this.store.of(stack), scope, stack);
      stack.outputs = outputs;
      stack.imports = imports;
      return undefined;
    } catch (error) {
      return { created: [], updated: [], reason: (error as Error).message };
    }
  }

  private async failed(
    stack: Stack, failure: PhaseFailure,
    { name, kind, disableRollback, onFailure, checkpoint, leftovers }: DeployOptions & {
      readonly name: OperationName; readonly checkpoint: Checkpoint; readonly leftovers: Leftover[];
    },
  ): Promise<void> {
    if (this.generation.signal.aborted) { return; }
    const isCreation = kind === 'CREATE' && !checkpoint.definition;
    const reason = describe(failure);
    // What was replaced takes its place again.
    const halfMade = leftovers.filter(({ resource }) => checkpoint.resources.get(resource.logicalId) !== resource);
    if (disableRollback || (isCreation && onFailure === 'DO_NOTHING')) {
      this.enter(stack, name, isCreation ? 'CREATE_FAILED' : 'UPDATE_FAILED', reason);
      return;
    }
    // A rollback is an operation of its own.
    const rollback: OperationName = { id: newRequestId(), clientToken: name.clientToken };
    if (isCreation && onFailure === 'DELETE') {
      this.enter(stack, rollback, 'DELETE_IN_PROGRESS', `${reason}Delete requested by user.`);
      await this.runRemoval(stack, rollback, []);
      return;
    }
    this.enter(stack, rollback, isCreation ? 'ROLLBACK_IN_PROGRESS' : 'UPDATE_ROLLBACK_IN_PROGRESS', isCreation ? `${reason}Rollback requested by user.` : reason);
    await (isCreation ? this.undoCreation(stack, rollback) : this.undoUpdate(stack, rollback, checkpoint, halfMade));
  }

  private async undoCreation(stack: Stack, name: OperationName): Promise<void> {
    const { work } = this.phase(stack, name);
    const failures = await deleteAll([...stack.resources.values()], async (resource) => {
      const { deletionPolicy } = resource;
      await work.delete(resource, deletionPolicy === 'RetainExceptOnCreate' || resource.status === 'CREATE_FAILED' ? 'Delete' : deletionPolicy);
      stack.resources.delete(resource.logicalId);
    });
    stack.checkpoint = undefined;
    stack.outputs = [];
    if (failures.length === 0) { this.enter(stack, name, 'ROLLBACK_COMPLETE'); return; }
    this.enter(stack, name, 'ROLLBACK_FAILED', undeleted(failures.map(({ resource }) => resource.logicalId)));
  }

  private async undoUpdate(stack: Stack, name: OperationName, checkpoint: Checkpoint, leftovers: Leftover[]): Promise<void> {
    const failure = await restore(stack, checkpoint, this.phase(stack, name).work, leftovers);
    if (failure) { this.enter(stack, name, 'UPDATE_ROLLBACK_FAILED', describe(failure)); return; }
    stack.definition = checkpoint.definition;
    stack.outputs = checkpoint.outputs;
    stack.checkpoint = undefined;
    this.enter(stack, name, 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
    await cleanUp(leftovers, this.phase(stack, name).work);
    this.enter(stack, name, 'UPDATE_ROLLBACK_COMPLETE');
  }

  private async runRemoval(stack: Stack, name: OperationName, retained: readonly string[]): Promise<void> {
    const { work } = this.phase(stack, name);
    const failures = await deleteAll([...stack.resources.values()], async (resource) => {
      const policy = retained.includes(resource.logicalId) ? 'Retain' : resource.deletionPolicy;
      await work.delete(resource, policy === 'RetainExceptOnCreate' ? 'Retain' : policy);
      stack.resources.delete(resource.logicalId);
    });
    for (const { resource, error } of failures) { stack.resources.set(resource.logicalId, { ...resource, status: 'DELETE_FAILED', reason: error.message }); }
    if (failures.length > 0) {
      this.enter(stack, name, 'DELETE_FAILED', undeleted(failures.map(({ resource }) => resource.logicalId)));
      return;
    }
    stack.deletedAt = this.surroundings.now();
    stack.outputs = [];
    stack.changeSets.clear();
    this.enter(stack, name, 'DELETE_COMPLETE');
  }

  /** Means of one phase: what goes on in it can be cancelled. */
  private phase(stack: Stack, name: OperationName): { readonly work: ResourceWork; readonly caller: Caller; readonly cancel: () => void } {
    const own = new AbortController();
    const signal = AbortSignal.any([own.signal, this.generation.signal]);
    setMaxListeners(0, signal);
    const caller = this.caller(stack);
    return {
      caller,
      work: new ResourceWork(this.surroundings, this.callbacks, stack, { ...name, caller, signal }),
      cancel: () => own.abort(new Error('Another resource failed.')),
    };
  }

  private caller({ region, credentials }: Stack): Caller {
    return { endpoint: this.surroundings.endpoint(), region, credentials };
  }

  private async scope(stack: Stack, definition: Definition, caller: Caller) {
    const { template, parameters, notificationArns } = definition;
    const { id: stackId, name: stackName, account, region } = stack;
    const surroundings = await this.store.of(stack).surroundings(template, caller);
    const lookup = lookupIn(stack, () => wanted);
    const scope = scopeOf(template, parameters, { stackId, stackName, account, region, notificationArns }, surroundings, lookup);
    const wanted: ReadonlySet<string> = wantedResources(template, scope);
    return scope;
  }
}

function describe({ created, updated, reason }: PhaseFailure): string {
  const named = (verb: string, ids: readonly string[]) => ids.length > 0 ? `The following resource(s) failed to ${verb}: [${ids.join(', ')}]. ` : '';
  return reason ?? `${named('create', created)}${named('update', updated)}`;
}

function undeleted(ids: readonly string[]): string {
  return `The following resource(s) failed to delete: [${ids.join(', ')}]. `;
}
