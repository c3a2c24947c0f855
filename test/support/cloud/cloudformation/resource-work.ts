import { randomBytes } from 'crypto';
import type { Callbacks } from './callbacks';
import { resolveSecrets } from './dynamic-references';
import { ResourceFailure, type Existing, type Properties, type ResourceContext, type ResourceType } from './resource-type';
import { resourceTypeOf } from './resource-types';
import { partitionOf } from './scope';
import type { Stack, StackResource, Tags } from './stack';
import { record, type OperationName } from './stack-events';
import type { ResourceDeclaration } from './template';
import { newRequestId } from '../ids';
import { ApiError } from '../protocol/api-error';
import type { Caller } from '../service-client';
import type { ServiceSurroundings } from '../service-surroundings';

/** A resource as a template wants it. */
export interface Wanted {
  readonly logicalId: string;
  readonly declaration: ResourceDeclaration;
  readonly properties: Properties;
  readonly dependsOn: readonly string[];
  readonly tags: Tags;
}

/** What one operation on a stack acts with. */
export interface Operation extends OperationName {
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

/** Makes, changes and removes single resources, and tells of it in the stack's events. */
export class ResourceWork {
  constructor(
    private readonly surroundings: ServiceSurroundings,
    private readonly callbacks: Callbacks,
    private readonly stack: Stack,
    private readonly operation: Operation,
  ) {}

  /** Makes a resource, perhaps in the place of another one. Throws a `WorkFailure`. */
  async create(wanted: Wanted, replaced?: StackResource): Promise<StackResource> {
    const { logicalId, declaration: { Type }, properties } = wanted;
    const verb = replaced ? 'UPDATE' : 'CREATE';
    const told = { logicalId, type: Type, properties };
    const begun = replaced ? 'Requested update requires the creation of a new physical resource; hence creating one.' : undefined;
    this.record({ ...told, physicalId: replaced?.made.physicalId ?? '', status: `${verb}_IN_PROGRESS`, reason: begun });
    let physicalId = '';
    const announce = (id: string) => {
      physicalId = id;
      this.record({ ...told, physicalId, status: `${verb}_IN_PROGRESS`, reason: 'Resource creation Initiated' });
    };
    try {
      const context = this.context(logicalId, Type, wanted.tags, announce);
      checkProperties(Type, properties);
      const made = await typeOf(Type).create(context, await resolveSecrets(properties, this.operation.caller));
      if (!physicalId) { announce(made.physicalId); }
      const resource = this.resource(wanted, { ...made, properties }, `${verb}_COMPLETE`);
      this.record({ ...told, physicalId: made.physicalId, status: `${verb}_COMPLETE` });
      return resource;
    } catch (error) {
      const reason = this.isCancelled(error) ? `Resource ${replaced ? 'update' : 'creation'} cancelled` : reasonOf(error);
      this.record({ ...told, physicalId, status: `${verb}_FAILED`, reason });
      // What there is of it has to go, unless there is nothing.
      throw new WorkFailure(logicalId, verb, reason, replaced && !physicalId ? undefined : this.resource(wanted, { physicalId, properties }, `${verb}_FAILED`, reason));
    }
  }

  /** Changes a resource where it is; it may come back as another one. */
  async update(wanted: Wanted, before: StackResource): Promise<StackResource> {
    const { logicalId, declaration: { Type }, properties } = wanted;
    const told = { logicalId, type: Type, properties };
    this.record({ ...told, physicalId: before.made.physicalId, status: 'UPDATE_IN_PROGRESS' });
    try {
      checkProperties(Type, properties);
      const context = this.context(logicalId, Type, wanted.tags, () => {});
      const made = await typeOf(Type).update!(context, await resolveSecrets(properties, this.operation.caller), await this.withSecrets(before.made));
      this.record({ ...told, physicalId: made.physicalId, status: 'UPDATE_COMPLETE' });
      return this.resource(wanted, { ...made, properties }, 'UPDATE_COMPLETE');
    } catch (error) {
      const reason = this.isCancelled(error) ? 'Resource update cancelled' : reasonOf(error);
      this.record({ ...told, physicalId: before.made.physicalId, status: 'UPDATE_FAILED', reason });
      throw new WorkFailure(logicalId, 'UPDATE', reason, this.resource(wanted, { ...before.made, properties }, 'UPDATE_FAILED', reason));
    }
  }

  /** Says that nothing can be made of a resource, because what it needs cannot be resolved. */
  refuse(logicalId: string, type: string, before: StackResource | undefined, error: Error): WorkFailure {
    const verb = before ? 'UPDATE' : 'CREATE';
    const reason = reasonOf(error);
    this.record({ logicalId, type, physicalId: before?.made.physicalId ?? '', status: `${verb}_FAILED`, reason });
    return new WorkFailure(logicalId, verb, reason, undefined);
  }

  /** Says that a resource is as it was before. */
  restored(resource: StackResource): StackResource {
    const told = { logicalId: resource.logicalId, type: resource.type, physicalId: resource.made.physicalId };
    this.record({ ...told, status: 'UPDATE_IN_PROGRESS' });
    this.record({ ...told, status: 'UPDATE_COMPLETE' });
    return { ...resource, status: 'UPDATE_COMPLETE', reason: undefined };
  }

  /** Removes a resource, or leaves it where its policy says so. Throws a `WorkFailure`. */
  async delete(resource: StackResource, policy: string): Promise<void> {
    const { logicalId, type, made } = resource;
    const told = { logicalId, type, physicalId: made.physicalId };
    if (policy === 'Retain') { this.record({ ...told, status: 'DELETE_SKIPPED' }); return; }
    this.record({ ...told, status: 'DELETE_IN_PROGRESS' });
    try {
      if (made.physicalId) {
        await typeOf(type).delete?.(this.context(logicalId, type, resource.tags, () => {}), await this.withSecrets(made));
      }
      this.record({ ...told, status: 'DELETE_COMPLETE' });
    } catch (error) {
      const reason = reasonOf(error);
      this.record({ ...told, status: 'DELETE_FAILED', reason });
      throw new WorkFailure(logicalId, 'DELETE', reason, { ...resource, status: 'DELETE_FAILED', reason });
    }
  }

  private async withSecrets(made: Existing): Promise<Existing> {
    return { ...made, properties: await resolveSecrets(made.properties, this.operation.caller) };
  }

  private resource(wanted: Wanted, made: Existing, status: string, reason?: string): StackResource {
    const { logicalId, declaration, dependsOn, tags } = wanted;
    const deletionPolicy = declaration.DeletionPolicy ?? 'Delete';
    return {
      logicalId,
      type: declaration.Type,
      made,
      tags,
      status,
      reason,
      updatedAt: this.surroundings.now(),
      dependsOn,
      deletionPolicy,
      updateReplacePolicy: declaration.UpdateReplacePolicy ?? 'Delete',
    };
  }

  private isCancelled(error: unknown): boolean {
    return this.operation.signal.aborted && !(error instanceof ApiError);
  }

  private record(happening: Parameters<typeof record>[3]): void {
    record(this.stack, this.operation, this.surroundings.now(), happening);
  }

  private context(logicalId: string, type: string, tags: Tags, announce: (physicalId: string) => void): ResourceContext {
    const { stack, operation, surroundings } = this;
    return {
      stackId: stack.id,
      stackName: stack.name,
      logicalId,
      type,
      account: stack.account,
      region: stack.region,
      partition: partitionOf(stack.region),
      tags,
      caller: operation.caller,
      clock: surroundings,
      signal: operation.signal,
      callbacks: this.callbacks,
      announce,
      newName: ({ most = 255, lower = false } = {}) => {
        const tail = randomBytes(6).toString('hex').toUpperCase();
        const room = most - tail.length - 2;
        const id = logicalId.slice(0, Math.max(1, room - Math.min(stack.name.length, Math.floor(room / 2))));
        const name = `${stack.name.slice(0, room - id.length)}-${id}-${tail}`;
        return lower ? name.toLowerCase() : name;
      },
    };
  }
}

/** What a resource came to that could not be made, changed or removed. */
export class WorkFailure extends Error {
  constructor(
    readonly logicalId: string, readonly verb: 'CREATE' | 'UPDATE' | 'DELETE', reason: string,
    /** As it is now, where anything is. */
    readonly resource: StackResource | undefined,
  ) {
    super(reason);
  }
}

function typeOf(name: string): ResourceType {
  const type = resourceTypeOf(name);
  if (!type) { throw new ResourceFailure(`Unrecognized resource type ${name}`); }
  return type;
}

function checkProperties(type: string, properties: Properties): void {
  const { takes } = typeOf(type);
  const unknown = takes && Object.keys(properties).find((name) => !takes.includes(name));
  if (unknown) { throw new ResourceFailure(`Properties validation failed for resource with message: [#: extraneous key [${unknown}] is not permitted]`); }
}

function reasonOf(error: unknown): string {
  if (error instanceof ApiError && error.code !== 'ValidationError') {
    return `Resource handler returned message: "${error.message} (Error Code: ${error.code}; Status Code: ${error.status})" `
      + `(RequestToken: ${newRequestId()}, HandlerErrorCode: ${handlerCode(error.code)})`;
  }
  return (error as Error).message;
}

function handlerCode(code: string): string {
  if (/NotFound|NoSuch|DoesNotExist/.test(code)) { return 'NotFound'; }
  if (/AlreadyExist|Duplicate|AlreadyOwned/.test(code)) { return 'AlreadyExists'; }
  if (/AccessDenied|Unauthorized/.test(code)) { return 'AccessDenied'; }
  if (/Throttling|RequestLimit/.test(code)) { return 'Throttling'; }
  return /Invalid|Validation|Malformed/.test(code) ? 'InvalidRequest' : 'GeneralServiceException';
}
