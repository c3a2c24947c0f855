import { createHash } from 'crypto';
import { gzipSync } from 'zlib';
import { agentRestartScript, agentScript } from './agent-script';
import { leaseScript } from './lease-script';
import { GoldenError } from '../../errors';
import type { Plan } from '../../plan/model';
import type { LaunchRequirements } from '../../ports/launch-requirements';

/** What EC2 takes, before base64. */
const LIMIT_BYTES = 16 * 1024;

export interface UserDataOptions {
  readonly requirements: LaunchRequirements;
  readonly region: string;
  /** The profile was made just now. */
  readonly freshProfile?: boolean;
  /** What the plan has cloud-init do: not again where an image of ours is proven. */
  readonly withOwn: boolean;
}

interface Part {
  readonly type: string;
  readonly content: string;
  readonly headers?: readonly string[];
}

/** What cloud-init does on the machine at its first boot: lets us in, starts the lease, and does what the plan asks. Errors: `user-data-too-big`. */
export function userData(plan: Plan, options: UserDataOptions): Buffer {
  const parts = partsOf(plan, options);
  // The same parts make the same text: the client token of the launch depends on it.
  const boundary = `golden-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`;
  const text = [
    `Content-Type: multipart/mixed; boundary="${boundary}"`, 'MIME-Version: 1.0', '',
    ...parts.flatMap(({ type, content, headers = [] }) => [
      `--${boundary}`, `Content-Type: ${type}; charset="utf-8"`, 'Content-Transfer-Encoding: base64', ...headers, '', base64Lines(content),
    ]),
    `--${boundary}--`, '',
  ].join('\n');
  const data = gzipSync(text, { level: 9 });
  if (data.length <= LIMIT_BYTES) { return data; }
  throw new GoldenError('user-data-too-big', `Its user-data has ${data.length} bytes, compressed; EC2 takes ${LIMIT_BYTES}`, {
    kind: 'invalid', path: plan.image, hint: 'Put what is big into files and provisioners of the image.',
  });
}

function partsOf(plan: Plan, { requirements, region, freshProfile, withOwn }: UserDataOptions): readonly Part[] {
  const { machine, source } = plan.definition;
  const config = accessConfig(plan, requirements);
  const parts: Part[] = [{ type: 'text/cloud-boothook', content: leaseScript(plan.builder.leaseMinutes) }];
  if (config) { parts.unshift({ type: 'text/cloud-config', content: `#cloud-config\n${JSON.stringify(config)}\n` }); }
  if ((requirements.managed || (withOwn && machine.ssmAgent)) && !source.ssmAgent) { parts.push({ type: 'text/x-shellscript', content: agentScript(region, machine) }); }
  if (requirements.managed && freshProfile) { parts.push({ type: 'text/x-shellscript', content: agentRestartScript() }); }
  // Lists of it are added to ours; a value of ours stays.
  const headers = ['Merge-Type: list(append)+dict(no_replace,recurse_list)+str()'];
  if (withOwn && machine.userData) { parts.push({ type: typeOf(machine.userData), content: machine.userData, headers }); }
  return parts;
}

/** Lets the caller log in to a machine that proves who it is. */
function accessConfig(plan: Plan, { hostKey, authorizedKey }: LaunchRequirements): object | undefined {
  if (!hostKey && !authorizedKey) { return undefined; }
  const user = loginUser(plan);
  const { user: standard } = plan.definition.source;
  return {
    ...hostKey && {
      ssh_deletekeys: true,
      ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
    },
    ...authorizedKey && { ssh_authorized_keys: [authorizedKey] },
    ...authorizedKey && user === 'root' && { disable_root: false },
    ...authorizedKey && user !== 'root' && user !== standard && {
      users: ['default', { name: user, ssh_authorized_keys: [authorizedKey], sudo: 'ALL=(ALL) NOPASSWD:ALL', shell: '/bin/sh' }],
    },
  };
}

/** The user that the communicator logs in as. */
export function loginUser({ builder, definition }: Plan): string {
  return (builder.communicator.type === 'ssh' ? builder.communicator.user : undefined) ?? definition.source.user;
}

/** As cloud-init tells them apart; of the rest it says itself what it is. */
function typeOf(content: string): string {
  if (content.startsWith('#cloud-config')) { return 'text/cloud-config'; }
  if (content.startsWith('#!')) { return 'text/x-shellscript'; }
  if (content.startsWith('#cloud-boothook')) { return 'text/cloud-boothook'; }
  if (content.startsWith('#include')) { return 'text/x-include-url'; }
  return 'text/plain';
}

function base64Lines(content: string): string {
  return Buffer.from(content).toString('base64').replace(/.{76}/g, '$&\n').trimEnd();
}
