import type { StackCall } from './calls/stack-call';
import { partitionOf } from './scope';
import type { Stack } from './stack';
import { invalid } from './template';
import { newRequestId } from '../ids';
import type { SessionCredentials } from '../role-sessions';

/** A stack without anything. */
export function newStack({ account, region, surroundings }: StackCall, name: string, credentials: SessionCredentials): Stack {
  if (!/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(name)) {
    throw invalid(`1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`);
  }
  return {
    id: `arn:${partitionOf(region)}:cloudformation:${region}:${account}:stack/${name}/${newRequestId()}`,
    name,
    account,
    region,
    createdAt: surroundings.now(),
    resources: new Map(),
    outputs: [],
    imports: new Set(),
    events: [],
    changeSets: new Map(),
    status: 'REVIEW_IN_PROGRESS',
    terminationProtection: false,
    disableRollback: false,
    credentials,
  };
}
