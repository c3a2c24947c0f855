import { bastionTo, type Bastion } from './bastion';
import { agentIdentity, identityOf, keyIdentity, publicHalf, type Identity, type KeySurroundings } from './identity';
import { freshKey } from './keys';
import { SshCommunicator } from './ssh-communicator';
import { SshConnection, type LoginTarget } from './ssh-connection';
import { GoldenError } from '../../errors';
import type { BastionSpec, SshCommunicatorSpec, SshKeySpec } from '../../plan/builder';
import type { CommunicatorFactory } from '../../ports/communicator';
import type { Dialer } from '../../ports/dialer';
import type { Machine } from '../../ports/host';
import type { LaunchRequirements } from '../../ports/launch-requirements';

export interface SshCommunicatorOptions {
  /** What the plan wants of it. Absent: the user of the machine, port 22, and a key that exists only in memory. */
  readonly spec?: Omit<SshCommunicatorSpec, 'type'>;
  /** Relative paths of keys begin at this folder. @default the working directory */
  readonly folder?: string;
  /** Where SSH_AUTH_SOCK and HOME are looked up. @default those of this process */
  readonly environment?: KeySurroundings['environment'];
  /** Opens streams to the ports of a machine that is not dialled directly: over Session Manager. */
  readonly dial?: (machine: Machine) => Dialer;
}

const DEFAULT_SPEC: Omit<SshCommunicatorSpec, 'type'> = { port: 22, via: 'public-address' };

/** A machine that is not there yet answers nothing; asking anew is faster than waiting for the kernel to. */
const DIAL_MS = 3000;

/**
 * Communicators over SSH. Each call makes the host key that the machine has to present and, where the plan names none, a key to
 * log in with; both live in memory only.
 */
export function sshCommunicators(options: SshCommunicatorOptions = {}): CommunicatorFactory {
  const { spec = DEFAULT_SPEC, folder = '.', environment = process.env } = options;
  const surroundings = { folder, environment };
  const given = spec.key && givenKey(spec.key, surroundings);
  const bastionIdentity = spec.bastion && identityForBastion(spec.bastion, spec.key, surroundings);
  const keys = beforeLong(() => ({ ...given ?? madeKey(), hostKey: freshKey() }));
  return {
    kind: 'ssh',
    get requirements() {
      const { authorizedKey, hostKey } = keys();
      return { authorizedKey, hostKey, keyPairName: spec.key?.keyPairName, ...wayIn(spec) };
    },
    open: (machine) => {
      const { identity, hostKey } = keys();
      const bastion = spec.bastion && bastionTo(spec.bastion, bastionIdentity!);
      const target: LoginTarget = {
        dial: dialTo(machine, spec, bastion, options.dial),
        user: spec.user ?? machine.access.user,
        identity,
        hostKey: hostKey.publicKey,
      };
      return new SshCommunicator(machine, new SshConnection(target), { user: target.user, close: async () => bastion?.close() });
    },
  };
}

/** Makes something when it is needed, or else as soon as there is nothing more urgent to do. */
function beforeLong<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  const get = () => made ??= make();
  setImmediate(get);
  return get;
}

interface OwnKey {
  readonly identity: Identity;
  readonly authorizedKey?: string;
}

function madeKey(): OwnKey {
  const { privateKey, publicKey } = freshKey();
  return { identity: keyIdentity(privateKey), authorizedKey: publicKey };
}

function givenKey(spec: SshKeySpec, surroundings: KeySurroundings): OwnKey {
  const identity = identityOf(spec, surroundings);
  if (spec.keyPairName !== undefined) { return { identity }; }
  const authorizedKey = publicHalf(identity, spec);
  if (authorizedKey === undefined) {
    throw new GoldenError('agent-key-unknown', 'The machine has to be given the public half of a key that only the SSH agent knows', {
      kind: 'usage', hint: 'Say which of its keys to use (`publicKey`, a line of `ssh-add -L`), or which EC2 key pair it is (`keyPairName`).',
    });
  }
  return { identity, authorizedKey };
}

/** A bastion knows nothing of keys that we make. */
function identityForBastion(bastion: BastionSpec, machineKey: SshKeySpec | undefined, surroundings: KeySurroundings): Identity {
  const spec = bastion.key ?? machineKey;
  return spec ? identityOf(spec, surroundings) : agentIdentity(undefined, surroundings);
}

function wayIn({ via, port, bastion }: Omit<SshCommunicatorSpec, 'type'>): Partial<LaunchRequirements> {
  if (via === 'session-manager') { return { managed: true }; }
  return { inboundPort: port, address: via === 'private-address' || bastion ? 'private' : undefined };
}

function dialTo(machine: Machine, { port }: Omit<SshCommunicatorSpec, 'type'>, bastion: Bastion | undefined, other: SshCommunicatorOptions['dial']): LoginTarget['dial'] {
  if (bastion) {
    return (options) => {
      const { address } = machine.access;
      if (!address) { throw unreachable(machine, 'has no address that a bastion could reach'); }
      return bastion.dial(address, port, options);
    };
  }
  return async (options) => {
    const dial = other?.(machine) ?? machine.access.dial;
    if (!dial) { throw unreachable(machine, 'has no network port for SSH'); }
    return dial(port, other ? options : { ...options, timeoutMs: Math.min(options.timeoutMs, DIAL_MS) });
  };
}

function unreachable(machine: Machine, why: string): GoldenError {
  return new GoldenError('unreachable', `${machine.description} ${why}`, { hint: 'Use another communicator for it.' });
}
