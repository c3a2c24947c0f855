import { openHost, type HostCommandOptions } from './host-options';
import { plansToBuild, type AppOptions } from './selected-plans';
import { GoldenError } from '../../errors';
import type { Surroundings } from '../surroundings';

export interface IamOptions extends AppOptions, HostCommandOptions {
  readonly host: string;
}

/** Prints the policies that building images needs, as JSON: one document for each role. */
export async function iamCommand(patterns: readonly string[], options: IamOptions, surroundings: Surroundings): Promise<number> {
  const plans = await plansToBuild(patterns, options, surroundings);
  const { host } = await openHost(options, surroundings);
  if (!host.policies) {
    throw new GoldenError('no-account', `The host ${host.kind} uses no account`, { kind: 'usage', hint: 'Name one that does, such as --host ec2.' });
  }
  const { state, stagingBucket } = options;
  const policies = await host.policies(plans.map(({ plan }) => plan), { state, stagingBucket });
  const documents = Object.fromEntries(policies.map(({ name, document }) => [name, document]));
  surroundings.stdout.write(`${JSON.stringify(documents, undefined, 2)}\n`);
  return 0;
}
