import type { Callbacks } from './callbacks';
import type { Clock } from '../../../../lib/ports/clock';
import type { Caller } from '../service-client';

/** Properties of a resource, all intrinsic functions resolved. */
export type Properties = { readonly [name: string]: any };

/** What a resource came to be. */
export interface Made {
  readonly physicalId: string;
  /** For `Fn::GetAtt`; names may have dots. */
  readonly attributes?: { readonly [name: string]: unknown };
  /** What `Ref` gives. @default the physical ID */
  readonly ref?: string;
}

/** A resource that is there, with the properties that it was made or last updated with. */
export interface Existing extends Made {
  readonly properties: Properties;
}

/** The resource that an operation is about, and the means to act. */
export interface ResourceContext {
  readonly stackId: string;
  readonly stackName: string;
  readonly logicalId: string;
  /** Such as `AWS::SSM::Parameter`. */
  readonly type: string;
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  /** Tags of the stack. */
  readonly tags: { readonly [key: string]: string };
  /** To ask other services with: as the role of the stack, else as who asked for the stack. */
  readonly caller: Caller;
  readonly clock: Clock;
  /** Ends when nobody waits for the outcome any more: another resource failed, or the cloud was reset. */
  readonly signal: AbortSignal;
  /** URLs that others put an answer to. */
  readonly callbacks: Callbacks;
  /** A name such as `Stack-Topic-1A2B3C4D5E6F`; the same characters in lower case where asked for. */
  newName(options?: { readonly most?: number; readonly lower?: boolean }): string;
  /** Says in the stack's events that the resource is under way, and its physical ID. */
  announce(physicalId: string): void;
}

/**
 * How resources of a type are made. Each may take its time: the stack waits. It fails with the reason that it throws: an `ApiError` as
 * CloudFormation words errors of services, a `ResourceFailure` as it is.
 */
export interface ResourceType {
  /** Properties whose change makes a new resource: the new one first, the old one goes in the clean-up of the update. */
  readonly recreatedBy: readonly string[] | 'any';
  /** Properties whose change does so at times: change sets say so, and `recreates` decides. */
  readonly perhapsRecreatedBy?: readonly string[];
  recreates?(before: Properties, after: Properties): boolean;
  /** Properties that it knows: any other is an error, so that nothing is ignored in silence. @default any */
  readonly takes?: readonly string[];
  /** Gives the stack's tags to what it makes, so that their change is one of the resource. */
  readonly isTagged?: boolean;
  create(context: ResourceContext, properties: Properties): Promise<Made>;
  /** What comes back with another physical ID is a replacement: the old one is deleted in the clean-up. @default any change recreates */
  update?(context: ResourceContext, properties: Properties, before: Existing): Promise<Made>;
  /** One that is gone already is no error. @default nothing is to be done */
  delete?(context: ResourceContext, made: Existing): Promise<void>;
}

/** A failure with the reason as a person is to read it. */
export class ResourceFailure extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ResourceFailure';
  }
}
