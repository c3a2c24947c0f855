import { changedProperties, isRecreated, isSame } from './comparison';
import { deleteAll } from './deletion';
import { resolveStored } from './dynamic-references';
import { evaluate, type Scope } from './functions';
import { dependenciesOf } from './references';
import { resourceTypeOf } from './resource-types';
import { WorkFailure, type ResourceWork, type Wanted } from './resource-work';
import { wantedResources, type ResourceLookup } from './scope';
import type { Checkpoint, Definition, Stack, StackResource } from './stack';
import { invalid, type Json } from './template';
import type { Caller } from '../service-client';

/** What a phase of an operation did not finish. */
export interface PhaseFailure {
  /** Logical IDs that could not be made. */
  readonly created: readonly string[];
  /** Logical IDs that could not be changed. */
  readonly updated: readonly string[];
  /** Where it is not about a resource. */
  readonly reason?: string;
}

/** Resources that have no place any more. */
export interface Leftover {
  readonly resource: StackResource;
  /** Of their deletion. */
  readonly policy: string;
}

/** `Ref` and `Fn::GetAtt` of the resources that a stack has now. */
export function lookupIn(stack: Stack, wanted: () => ReadonlySet<string>): ResourceLookup {
  const made = (logicalId: string) => wanted().has(logicalId) ? stack.resources.get(logicalId)?.made : undefined;
  return {
    ref: (logicalId) => made(logicalId)?.ref ?? made(logicalId)?.physicalId,
    attribute: (logicalId, name) => {
      const value = made(logicalId)?.attributes?.[name];
      if (value === undefined) { throw invalid(`Template error: resource ${logicalId} does not support attribute type ${name} in Fn::GetAtt`); }
      return value;
    },
  };
}

/** Makes what a definition wants of what a stack has: each resource after those that it needs, all others side by side. */
export class Deployment {
  readonly leftovers: Leftover[] = [];
  private readonly failures: WorkFailure[] = [];
  private readonly done = new Map<string, Promise<void>>();

  constructor(
    private readonly stack: Stack, private readonly definition: Definition, private readonly scope: Scope, private readonly work: ResourceWork,
    private readonly caller: Caller, private readonly cancel: () => void,
  ) {}

  /** Failures, where there were any. What is not wanted any more comes to the leftovers. */
  async run(): Promise<PhaseFailure | undefined> {
    const { stack, definition: { template } } = this;
    const wanted = wantedResources(template, this.scope);
    await Promise.all([...wanted].map((logicalId) => this.settle(logicalId, wanted)));
    if (this.failures.length > 0) {
      const ids = (verb: WorkFailure['verb']) => this.failures.filter((failure) => failure.verb === verb).map(({ logicalId }) => logicalId);
      return { created: ids('CREATE'), updated: ids('UPDATE') };
    }
    for (const [logicalId, resource] of [...stack.resources]) {
      if (wanted.has(logicalId)) { continue; }
      stack.resources.delete(logicalId);
      this.leftovers.push({ resource, policy: resource.deletionPolicy });
    }
    return undefined;
  }

  private settle(logicalId: string, wanted: ReadonlySet<string>): Promise<void> {
    const known = this.done.get(logicalId);
    if (known) { return known; }
    const settled = this.make(logicalId, wanted);
    this.done.set(logicalId, settled);
    return settled;
  }

  private async make(logicalId: string, wanted: ReadonlySet<string>): Promise<void> {
    const { template, tags } = this.definition;
    const declaration = template.Resources[logicalId];
    const dependsOn = dependenciesOf(template, declaration).filter((other) => wanted.has(other));
    // All are under way before the first one ends, so that a cycle would wait for ever: templates were checked for them.
    await Promise.all(dependsOn.map((other) => this.settle(other, wanted)));
    if (this.failures.length > 0) { return; }
    try {
      const properties = await resolveStored(evaluate((declaration.Properties ?? {}) as Json, this.scope), this.caller);
      await this.move({ logicalId, declaration, properties, dependsOn, tags }, this.stack.resources.get(logicalId));
    } catch (error) {
      const { resources } = this.stack;
      const failure = error instanceof WorkFailure ? error : this.work.refuse(logicalId, declaration.Type, resources.get(logicalId), error as Error);
      if (failure.resource) { resources.set(logicalId, failure.resource); }
      this.failures.push(failure);
      this.cancel();
    }
  }

  private async move(wanted: Wanted, before: StackResource | undefined): Promise<void> {
    const { stack, work } = this;
    const { logicalId, declaration, properties } = wanted;
    if (!before) { stack.resources.set(logicalId, await work.create(wanted)); return; }
    const type = resourceTypeOf(declaration.Type)!;
    const isTagged = type.isTagged === true && !isSame(before.tags, wanted.tags);
    if (before.status.endsWith('_COMPLETE') && !isTagged && changedProperties(before.made.properties, properties).length === 0) {
      const { DeletionPolicy: deletionPolicy = 'Delete', UpdateReplacePolicy: updateReplacePolicy = 'Delete' } = declaration;
      stack.resources.set(logicalId, { ...before, dependsOn: wanted.dependsOn, deletionPolicy, updateReplacePolicy });
      return;
    }
    const replaces = before.status === 'CREATE_FAILED' || isRecreated(type, before.made.properties, properties);
    const after = replaces ? await this.replace(wanted, before) : await work.update(wanted, before);
    if (after.made.physicalId !== before.made.physicalId) { this.leftovers.push({ resource: before, policy: before.updateReplacePolicy }); }
    stack.resources.set(logicalId, after);
  }

  /** Where it fails, the old resource keeps its place, and what there is of the new one goes. */
  private async replace(wanted: Wanted, before: StackResource): Promise<StackResource> {
    try {
      return await this.work.create(wanted, before);
    } catch (error) {
      if (!(error instanceof WorkFailure)) { throw error; }
      if (error.resource) { this.leftovers.push({ resource: error.resource, policy: 'Delete' }); }
      throw new WorkFailure(error.logicalId, error.verb, error.message, { ...before, status: 'UPDATE_FAILED', reason: error.message });
    }
  }
}

/** Takes a stack back to where it was: what was changed is changed back, what is new comes to the leftovers. */
export async function restore(stack: Stack, checkpoint: Checkpoint, work: ResourceWork, leftovers: Leftover[]): Promise<PhaseFailure | undefined> {
  const failed: string[] = [];
  await Promise.all([...checkpoint.resources].map(async ([logicalId, before]) => {
    const now = stack.resources.get(logicalId);
    if (now === before) { return; }
    if (!now || now.made.physicalId !== before.made.physicalId) {
      if (now) { leftovers.push({ resource: now, policy: 'Delete' }); }
      stack.resources.set(logicalId, work.restored(before));
      return;
    }
    const isChanged = !isSame(now.made.properties, before.made.properties) || !isSame(now.tags, before.tags);
    if (!isChanged) { stack.resources.set(logicalId, now.status === 'UPDATE_FAILED' ? work.restored(before) : before); return; }
    const declaration = checkpoint.definition!.template.Resources[logicalId];
    try {
      const { tags, dependsOn, made: { properties } } = before;
      stack.resources.set(logicalId, await work.update({ logicalId, declaration, properties, dependsOn, tags }, now));
    } catch (error) {
      stack.resources.set(logicalId, { ...now, status: 'UPDATE_FAILED', reason: (error as Error).message });
      failed.push(logicalId);
    }
  }));
  for (const [logicalId, resource] of [...stack.resources]) {
    if (checkpoint.resources.has(logicalId)) { continue; }
    stack.resources.delete(logicalId);
    leftovers.push({ resource, policy: resource.deletionPolicy === 'RetainExceptOnCreate' ? 'Delete' : resource.deletionPolicy });
  }
  return failed.length > 0 ? { created: [], updated: failed } : undefined;
}

/** Removes what has no place any more. What cannot be removed stays behind, outside of the stack. */
export async function cleanUp(leftovers: readonly Leftover[], work: ResourceWork): Promise<void> {
  const policies = new Map(leftovers.map(({ resource, policy }) => [resource, policy]));
  await deleteAll(leftovers.map(({ resource }) => resource), (resource) => work.delete(resource, policies.get(resource)!));
}
