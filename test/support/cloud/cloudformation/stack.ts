import type { Existing } from './resource-type';
import type { StackParameters } from './stack-parameters';
import type { Template } from './template';
import type { SessionCredentials } from '../role-sessions';

/** A resource of a stack, as it is. */
export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  readonly made: Existing;
  /** Tags of the stack that it was made or last updated with. */
  readonly tags: Tags;
  readonly status: string;
  readonly reason?: string;
  readonly updatedAt: number;
  /** Logical IDs that it needs: they are removed after it. */
  readonly dependsOn: readonly string[];
  readonly deletionPolicy: string;
  readonly updateReplacePolicy: string;
}

export type Tags = { readonly [key: string]: string };

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

export interface StackEvent {
  readonly id: string;
  readonly operationId: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly at: number;
  readonly status: string;
  readonly reason?: string;
  readonly properties?: object;
  readonly clientToken?: string;
}

/** What a stack is to be: what calls and change sets say. */
export interface Definition {
  readonly template: Template;
  /** As it was given. */
  readonly body: string;
  readonly parameters: StackParameters;
  readonly tags: Tags;
  readonly capabilities: readonly string[];
  readonly notificationArns: readonly string[];
  readonly roleArn?: string;
}

export interface ChangeSet {
  readonly id: string;
  readonly name: string;
  readonly type: 'CREATE' | 'UPDATE';
  readonly description?: string;
  readonly createdAt: number;
  readonly definition: Definition;
  readonly changes: readonly object[];
  /** The same with the values of properties. */
  readonly changesWithValues: readonly object[];
  readonly status: 'CREATE_COMPLETE' | 'FAILED';
  readonly reason?: string;
  executionStatus: 'AVAILABLE' | 'UNAVAILABLE' | 'EXECUTE_IN_PROGRESS' | 'EXECUTE_COMPLETE' | 'OBSOLETE';
  readonly includeNestedStacks: boolean;
  readonly onStackFailure?: string;
}

/** What a stack was before an operation that failed and was not rolled back. */
export interface Checkpoint {
  readonly definition: Definition | undefined;
  readonly resources: ReadonlyMap<string, StackResource>;
  readonly outputs: readonly StackOutput[];
}

export interface Stack {
  readonly id: string;
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly createdAt: number;
  /** Absent until it was deployed. */
  definition?: Definition;
  resources: Map<string, StackResource>;
  outputs: readonly StackOutput[];
  /** Names of exports of other stacks that it uses. */
  imports: ReadonlySet<string>;
  readonly events: StackEvent[];
  readonly changeSets: Map<string, ChangeSet>;
  status: string;
  reason?: string;
  updatedAt?: number;
  deletedAt?: number;
  terminationProtection: boolean;
  disableRollback: boolean;
  /** What its operations act with. */
  credentials: SessionCredentials;
  /** Where a rollback that was not made yet leads. */
  checkpoint?: Checkpoint;
  /** Settles when what goes on has ended. */
  going?: Promise<void>;
  /** Ends what goes on as if it had failed. */
  cancel?: () => void;
}
