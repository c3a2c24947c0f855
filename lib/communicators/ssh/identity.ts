import { readFileSync } from 'fs';
import { homedir } from 'os';
import { isAbsolute, join } from 'path';
import { BaseAgent, createAgent, utils, type IdentityCallback, type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2';
import { publicKeyBytes } from './keys';
import { GoldenError } from '../../errors';
import type { SshKeySpec } from '../../plan/builder';

/** What proves who we are: a key at hand, or somebody who signs with one. */
export type Identity =
  | { readonly type: 'key'; readonly key: ParsedKey }
  | { readonly type: 'agent'; readonly agent: BaseAgent };

/** Where keys are looked for. */
export interface KeySurroundings {
  /** Relative paths begin here. */
  readonly folder: string;
  readonly environment: { readonly [name: string]: string | undefined };
}

/** Reads a private key. */
export function keyIdentity(privateKey: string): Identity {
  return { type: 'key', key: parsed(privateKey, 'the key') };
}

/** The identity that a plan names. */
export function identityOf(spec: SshKeySpec, surroundings: KeySurroundings): Identity {
  return spec.type === 'file' ? fileIdentity(spec.path, surroundings) : agentIdentity(spec.publicKey, surroundings);
}

/** What a machine has to be given to let this identity in, in OpenSSH's format. Undefined where only an agent knows. */
export function publicHalf(identity: Identity, spec: SshKeySpec): string | undefined {
  if (identity.type === 'key') { return `${identity.key.type} ${identity.key.getPublicSSH().toString('base64')}`; }
  return spec.type === 'agent' ? spec.publicKey : undefined;
}

/** The identity of the agent of the environment, as a whole or with one of its keys. */
export function agentIdentity(publicKey: string | undefined, { environment }: KeySurroundings): Identity {
  const socket = environment.SSH_AUTH_SOCK;
  if (!socket) {
    throw new GoldenError('no-ssh-agent', 'An SSH agent is to log in, and SSH_AUTH_SOCK names none', {
      kind: 'usage', hint: 'Start an agent and add the key to it (ssh-add), or name the file of the key.',
    });
  }
  const agent = createAgent(socket);
  return { type: 'agent', agent: publicKey === undefined ? agent : new OneKeyAgent(agent, publicKeyBytes(publicKey)) as BaseAgent };
}

function fileIdentity(path: string, { folder, environment }: KeySurroundings): Identity {
  const file = path.startsWith('~/') ? join(environment.HOME ?? homedir(), path.slice(2)) : isAbsolute(path) ? path : join(folder, path);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new GoldenError('key-unreadable', `The SSH key ${file} cannot be read: ${(error as Error).message}`, { kind: 'usage', cause: error });
  }
  return { type: 'key', key: parsed(text, file) };
}

function parsed(text: string, name: string): ParsedKey {
  // Some formats may hold several keys.
  const [key] = [utils.parseKey(text)].flat() as (ParsedKey | Error)[];
  if (key instanceof Error) {
    throw /passphrase|[Ee]ncrypted/.test(key.message)
      ? new GoldenError('key-has-passphrase', `The SSH key ${name} is protected by a passphrase`, {
        kind: 'usage', hint: 'Add it to an SSH agent (ssh-add) and use the agent, or use a key without a passphrase.',
      })
      : new GoldenError('key-unreadable', `${name} is no private SSH key: ${key.message}`, { kind: 'usage', cause: key });
  }
  if (!key.isPrivateKey()) {
    throw new GoldenError('key-unreadable', `${name} is the public half of an SSH key`, { kind: 'usage', hint: 'Name the file of the private half.' });
  }
  return key;
}

/** An agent of which only one key is used: a server refuses who tries too many. */
class OneKeyAgent extends BaseAgent<ParsedKey> {
  constructor(private readonly agent: BaseAgent, private readonly bytes: Buffer) {
    super();
  }

  getIdentities(done: IdentityCallback<ParsedKey>): void {
    this.agent.getIdentities((error, keys) => {
      const known = (keys as readonly ParsedKey[] | undefined ?? []).filter((key) => key.getPublicSSH().equals(this.bytes));
      done(error, known as ParsedKey[]);
    });
  }

  sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, done?: SignCallback): void {
    if (typeof options === 'function') { this.agent.sign(key, data, options); } else { this.agent.sign(key, data, options, done); }
  }
}
