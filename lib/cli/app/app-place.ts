import { existsSync, readFileSync } from 'fs';
import { homedir } from 'os';
import { join } from 'path';
import type { AccountOptions, CallersPlace, Surroundings } from '../surroundings';

/** Who only looks at the app waits no longer for an account that does not answer. */
const PATIENCE_MS = 3_000;

/** Variables that say where credentials are. */
const SAYING = [
  'AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];

/** What only an instance of EC2 says of its hardware: its role has the credentials. */
const HARDWARE: readonly (readonly [file: string, pattern: RegExp])[] = [
  ['/sys/hypervisor/uuid', /^ec2/i], ['/sys/devices/virtual/dmi/id/sys_vendor', /ec2/i],
];

/**
 * The variables that the CDK's own command gives to an app. Who builds in an account has to know it. The others tell what is soon known,
 * so that an app is the same in all commands, and ask nobody where there are no credentials.
 */
export async function appPlace(
  { host, region, profile, roleArn }: AccountOptions & { readonly host?: string }, { callersPlace, clock, environment }: Surroundings,
): Promise<NodeJS.ProcessEnv> {
  const needed = host === 'ec2';
  if (!callersPlace || (!needed && profile === undefined && !mayHaveCredentials(environment))) { return {}; }
  const place: CallersPlace = await callersPlace({ region, profile, roleArn, clock, patienceMs: needed ? undefined : PATIENCE_MS });
  return { ...place.account && { CDK_DEFAULT_ACCOUNT: place.account }, ...place.region && { CDK_DEFAULT_REGION: place.region } };
}

/** Whether it is worth looking for them, as to be seen without asking anybody. */
export function mayHaveCredentials(environment: NodeJS.ProcessEnv): boolean {
  if (SAYING.some((name) => environment[name])) { return true; }
  const folder = join(environment.HOME ?? homedir(), '.aws');
  const files = [environment.AWS_SHARED_CREDENTIALS_FILE ?? join(folder, 'credentials'), environment.AWS_CONFIG_FILE ?? join(folder, 'config')];
  return files.some((file) => existsSync(file)) || (environment.AWS_EC2_METADATA_DISABLED !== 'true' && HARDWARE.some(([file, pattern]) => says(file, pattern)));
}

function says(file: string, pattern: RegExp): boolean {
  try { return pattern.test(readFileSync(file, 'utf8')); } catch { return false; }
}
