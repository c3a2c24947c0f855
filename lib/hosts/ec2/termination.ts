import { DescribeInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { awsCode } from './aws-errors';
import type { Caller } from './aws-request';

/** How long an instance that is there may be unknown where it is to be ended. */
const UNKNOWN_MS = 10_000;

/** Begins the end of an instance. One that has ended is no error; one that AWS says it does not know is looked for. */
export async function terminateInstance(ec2: Caller, id: string): Promise<void> {
  try {
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }), { notYet: ['InvalidInstanceID.NotFound'], deadlineMs: UNKNOWN_MS });
  } catch (error) {
    if (awsCode(error) !== 'InvalidInstanceID.NotFound' || await isThere(ec2, id)) { throw error; }
  }
}

async function isThere(ec2: Caller, id: string): Promise<boolean> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'instance-id', Values: [id] }] }));
  return Reservations.flatMap(({ Instances = [] }) => Instances).some(({ State }) => State?.Name !== 'terminated');
}
