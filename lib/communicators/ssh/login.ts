import type { Duplex } from 'stream';
import { Client, type AnyAuthMethod, type AuthHandlerMiddleware, type ConnectConfig } from 'ssh2';
import { heard, logInAhead } from './ahead';
import { gatherWrites } from './gathered-writes';
import type { Identity } from './identity';
import { publicKeyBytes } from './keys';
import { GoldenError } from '../../errors';

/** With these a dead peer is noticed within 10 s, also where nothing is being sent. */
const KEEP_ALIVE_MS = 2500;
const KEEP_ALIVE_TRIES = 3;

/** How often what is received counts as a sign of life. */
const HEARD_EVERY_MS = 500;

/** The fastest first: most processors have AES built in. */
const CIPHERS = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes128-ctr', 'aes256-ctr'] as const;

/** Errors of a way that another try does not mend. */
export const FINAL: readonly string[] = ['bastion-refused', 'bastion-host-key-mismatch', 'unreachable'];

export interface LoginOptions {
  /** Opens the stream to the SSH server. */
  readonly dial: (options: { readonly timeoutMs: number; readonly signal?: AbortSignal }) => Promise<Duplex>;
  readonly user: string;
  /** What we log in with. */
  readonly identity: Identity;
  /** The only host key we talk to, in OpenSSH's format. */
  readonly hostKey: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Sends what is to arrive right behind the login. */
  readonly follow?: (client: Client) => void;
}

/**
 * Logs in, once.
 * Errors: `host-key-mismatch` (nothing was sent), `login-refused`, `ssh-agent-failed`, `connection-lost`, `interrupted`.
 */
export async function login(options: LoginOptions): Promise<Client> {
  const { timeoutMs, signal } = options;
  const deadline = Date.now() + timeoutMs;
  const socket = await options.dial({ timeoutMs, signal }).catch((error) => { throw dialError(error, signal); });
  gatherWrites(socket);
  const pinned = publicKeyBytes(options.hostKey);
  return new Promise((resolve, reject) => {
    const client = new Client();
    let mismatch = false;
    const fail = (error: GoldenError) => {
      signal?.removeEventListener('abort', abort);
      client.destroy();
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(interrupted());
    if (signal?.aborted) {
      abort();
      return;
    }
    signal?.addEventListener('abort', abort, { once: true });
    client.once('ready', () => {
      signal?.removeEventListener('abort', abort);
      listen(client, socket);
      resolve(client);
    });
    client.on('error', (error) => fail(mismatch ? hostKeyMismatch() : loginError(options.user, error)));
    client.once('close', () => fail(new GoldenError('connection-lost', 'The SSH server ended the connection during the login')));
    client.connect({
      sock: socket,
      username: options.user,
      authHandler: authenticate(options),
      algorithms: { serverHostKey: [hostKeyAlgorithm(options.hostKey)], cipher: [...CIPHERS] } as ConnectConfig['algorithms'],
      hostVerifier: (presented: Buffer) => {
        mismatch = !presented.equals(pinned);
        return !mismatch;
      },
      agentForward: false,
      readyTimeout: Math.max(1, deadline - Date.now()),
      keepaliveInterval: KEEP_ALIVE_MS,
      keepaliveCountMax: KEEP_ALIVE_TRIES,
    });
    logInAhead(client, options.identity.type === 'key' ? options.identity.key : undefined, () => options.follow?.(client));
  });
}

/** Offers the one identity, once. */
function authenticate({ user, identity }: LoginOptions): ConnectConfig['authHandler'] {
  const methods: AnyAuthMethod[] = [identity.type === 'key'
    ? { type: 'publickey', username: user, key: identity.key }
    : { type: 'agent', username: user, agent: identity.agent }];
  return (() => methods.shift() ?? false) as AuthHandlerMiddleware;
}

/** A keep-alive that waits behind megabytes is late, and the peer is well: whatever comes from it says so. */
function listen(client: Client, socket: Duplex): void {
  let last = 0;
  socket.on('data', () => {
    const now = Date.now();
    if (now - last < HEARD_EVERY_MS) { return; }
    last = now;
    heard(client);
  });
}

/** RSA keys have several kinds of signatures, of which the old one is not taken. */
function hostKeyAlgorithm(hostKey: string): string {
  const [type] = hostKey.split(' ');
  return type === 'ssh-rsa' ? 'rsa-sha2-512' : type;
}

function dialError(error: Error, signal?: AbortSignal): GoldenError {
  if (signal?.aborted) { return interrupted(); }
  if (GoldenError.is(error) && FINAL.includes(error.code)) { return error; }
  return new GoldenError('connection-lost', `The SSH server cannot be reached: ${error.message}`, { hint: GoldenError.is(error) ? error.hint : undefined, cause: error });
}

function interrupted(): GoldenError {
  return new GoldenError('interrupted', 'The login was interrupted', { kind: 'interrupted' });
}

function hostKeyMismatch(): GoldenError {
  return new GoldenError('host-key-mismatch', 'The machine presents another host key than the one it was given', {
    hint: 'Something else answers at its address, or something in the image makes new host keys at boot. Nothing was sent to it.',
  });
}

function loginError(user: string, error: Error & { readonly level?: string }): GoldenError {
  switch (error.level) {
    case 'client-authentication': return new GoldenError('login-refused', `The SSH server refused our key for the user ${user}`, {
      hint: `Does the image let ${user} log in with a key (PermitRootLogin, AllowUsers, the modes of the home folder)?`, cause: error,
    });
    case 'agent': return new GoldenError('ssh-agent-failed', `The SSH agent gave no signature: ${error.message}`, {
      hint: 'Is it running, and does it have the key (ssh-add -l)?', cause: error,
    });
    default: return new GoldenError('connection-lost', `The connection to the SSH server was lost: ${error.message}`, { cause: error });
  }
}
