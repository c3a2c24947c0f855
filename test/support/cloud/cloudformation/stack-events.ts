import type { Stack } from './stack';
import { newRequestId } from '../ids';

/** One run of changes to a stack, as its events name it. */
export interface OperationName {
  readonly id: string;
  readonly clientToken?: string;
}

interface Happening {
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly properties?: object;
}

/** Takes down what happened to a resource. */
export function record(stack: Stack, operation: OperationName, now: number, happening: Happening): void {
  // Readers sort by time, and two things never happened at once.
  const last = stack.events[stack.events.length - 1]?.at ?? 0;
  stack.events.push({
    ...happening, at: Math.max(now, last + 1), operationId: operation.id, clientToken: operation.clientToken, id: `${happening.logicalId}-${happening.status}-${newRequestId()}`,
  });
}

/** Moves a stack to a status, and takes that down. */
export function enter(stack: Stack, operation: OperationName, now: number, status: string, reason?: string): void {
  stack.status = status;
  stack.reason = reason;
  stack.updatedAt = now;
  record(stack, operation, now, { logicalId: stack.name, physicalId: stack.id, type: 'AWS::CloudFormation::Stack', status, reason });
}
