import { Client } from 'ssh2';
import { publicKeyBytes, type KeyPair } from './keys';
import { GoldenError } from '../../errors';
import type { Dialer } from '../../ports/dialer';

/** With these a dead peer is noticed within 20 s, also where nothing is being sent. */
const KEEP_ALIVE_MS = 5000;
const KEEP_ALIVE_TRIES = 3;

export interface LoginOptions {
  readonly dial: Dialer;
  readonly user: string;
  /** What we log in with. */
  readonly key: KeyPair;
  /** The only host key we talk to, in OpenSSH's format. */
  readonly hostKey: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Logs in, once.
 * Errors: `host-key-mismatch` (trying again does not help), `login-refused`, `connection-lost`, `interrupted`.
 */
export async function login(options: LoginOptions): Promise<Client> {
  const { timeoutMs, signal } = options;
  const deadline = Date.now() + timeoutMs;
  const socket = await options.dial(22, { timeoutMs, signal }).catch((error) => { throw dialError(error, signal); });
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
      resolve(client);
    });
    client.on('error', (error) => fail(mismatch ? hostKeyMismatch() : loginError(options.user, error)));
    client.once('close', () => fail(new GoldenError('connection-lost', 'The SSH server ended the connection during the login')));
    client.connect({
      sock: socket,
      username: options.user,
      privateKey: options.key.privateKey,
      authHandler: ['publickey'],
      algorithms: { serverHostKey: ['ssh-ed25519'] },
      hostVerifier: (presented: Buffer) => {
        mismatch = !presented.equals(pinned);
        return !mismatch;
      },
      agentForward: false,
      readyTimeout: Math.max(1, deadline - Date.now()),
      keepaliveInterval: KEEP_ALIVE_MS,
      keepaliveCountMax: KEEP_ALIVE_TRIES,
    });
  });
}

function dialError(error: Error, signal?: AbortSignal): GoldenError {
  if (signal?.aborted) { return interrupted(); }
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
  return error.level === 'client-authentication'
    ? new GoldenError('login-refused', `The SSH server refused our key for the user ${user}`, {
      hint: `Does the image let ${user} log in with a key (PermitRootLogin, AllowUsers, the modes of the home folder)?`, cause: error,
    })
    : new GoldenError('connection-lost', `The connection to the SSH server was lost: ${error.message}`, { cause: error });
}
