import type { Parameters } from '../../protocol/query';
import type { Xml } from '../../protocol/xml';
import type { SessionCredentials } from '../../role-sessions';
import type { Caller } from '../../service-client';
import type { ServiceSurroundings } from '../../service-surroundings';
import type { Operations } from '../operations';
import type { Stack } from '../stack';
import type { StackPlace } from '../stack-store';
import { invalid } from '../template';

/** A call of CloudFormation, decoded. */
export interface StackCall {
  readonly account: string;
  readonly region: string;
  readonly input: Parameters;
  readonly place: StackPlace;
  readonly operations: Operations;
  readonly surroundings: ServiceSurroundings;
  /** Who asks. */
  readonly caller: Caller;
  /** For so long, in milliseconds, an answer about a stack waits for what goes on in it. */
  readonly patienceMs: number;
}

export type StackAction = (call: StackCall) => Xml | Promise<Xml>;

export type StackActions = { readonly [action: string]: StackAction };

/** The stack that a call names. */
export function stackOf({ place, input }: StackCall, missing = (name: string) => `Stack with id ${name} does not exist`): Stack {
  const name = input.text('StackName');
  if (name === undefined) { throw invalid('1 validation error detected: Value null at \'stackName\' failed to satisfy constraint: Member must not be null'); }
  const stack = place.find(name);
  if (!stack) { throw invalid(missing(name)); }
  return stack;
}

/** Credentials to act with: of the role that a call names, else those of its caller. */
export async function actingCredentials({ surroundings, caller }: Pick<StackCall, 'surroundings' | 'caller'>, roleArn: string | undefined): Promise<SessionCredentials> {
  if (roleArn === undefined) { return caller.credentials; }
  const session = await surroundings.roles.assume(roleArn, 'cloudformation.amazonaws.com', 'AWSCloudFormation');
  if (!session) { throw invalid(`Role ${roleArn} is invalid or cannot be assumed`); }
  return session;
}

/** Texts of a list in the query protocol. */
export function memberTexts(input: Parameters, name: string): readonly string[] {
  return input.group(name).texts('member');
}

export function memberGroups(input: Parameters, name: string): readonly Parameters[] {
  return input.group(name).groups('member');
}

/** One page of a list. */
export function pageOf<T>(items: readonly T[], input: Parameters, size: number): { readonly items: readonly T[]; readonly nextToken?: string } {
  const start = Number(input.text('NextToken') ?? 0);
  if (!Number.isInteger(start)) { throw invalid('The token is invalid'); }
  const end = start + size;
  return { items: items.slice(start, end), nextToken: end < items.length ? String(end) : undefined };
}
