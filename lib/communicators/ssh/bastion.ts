import { connect, type Socket } from 'net';
import type { Duplex } from 'stream';
import type { Client } from 'ssh2';
import type { Identity } from './identity';
import { login } from './login';
import { GoldenError } from '../../errors';
import type { BastionSpec } from '../../plan/builder';

type DialOptions = { readonly timeoutMs: number; readonly signal?: AbortSignal };

/** A host that is logged in to once, and leads on to others. */
export interface Bastion {
  /** Opens a stream to a port of a host that the bastion reaches. */
  dial(host: string, port: number, options: DialOptions): Promise<Duplex>;
  close(): Promise<void>;
}

/** Logs in when it is first used, and again after the connection was lost. Its errors name it. */
export function bastionTo(spec: BastionSpec, identity: Identity): Bastion {
  let connected: Promise<Client> | undefined;
  const name = `The bastion ${spec.user}@${spec.host}:${spec.port}`;
  const logIn = async (options: DialOptions) => {
    const { user, hostKey } = spec;
    const client = await login({ user, hostKey, identity, ...options, dial: (limits) => connectTo(spec.host, spec.port, limits) })
      .catch((error) => { throw bastionError(name, error); });
    client.once('close', () => { connected = undefined; });
    return client;
  };
  return {
    dial: async (host, port, options) => {
      const client = await (connected ??= logIn(options).catch((error) => {
        connected = undefined;
        throw error;
      }));
      return forward(client, host, port).catch((error: Error) => {
        throw new GoldenError('connection-lost', `${name} cannot reach ${host}:${port}: ${error.message}`, {
          hint: 'Do the security groups let the bastion in, and does its server allow TCP forwarding?', cause: error,
        });
      });
    },
    close: async () => {
      const client = await connected?.catch(() => undefined);
      connected = undefined;
      client?.destroy();
    },
  };
}

/** Opens a TCP connection. */
function connectTo(host: string, port: number, { timeoutMs, signal }: DialOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, signal, timeout: timeoutMs });
    socket.once('timeout', () => socket.destroy(new Error(`${host}:${port} did not answer within ${timeoutMs / 1000} s`)));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function forward(client: Client, host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    try {
      client.forwardOut('127.0.0.1', 0, host, port, (error, stream) => (error ? reject(error) : resolve(stream)));
    } catch (error) { // not connected any more
      reject(error as Error);
    }
  });
}

function bastionError(name: string, error: unknown): GoldenError {
  if (!GoldenError.is(error)) { return new GoldenError('connection-lost', `${name}: ${String(error)}`, { cause: error }); }
  switch (error.code) {
    case 'host-key-mismatch': return new GoldenError('bastion-host-key-mismatch', `${name} presents another host key than the one of the plan`, {
      hint: 'Compare `bastion.hostKey` with `ssh-keyscan` from a place you trust. Nothing was sent to it.', cause: error,
    });
    case 'login-refused':
    case 'ssh-agent-failed': return new GoldenError('bastion-refused', `${name}: ${error.message}`, { hint: 'Does the bastion know the key?', cause: error });
    case 'interrupted': return error;
    default: return new GoldenError('connection-lost', `${name}: ${error.message}`, { hint: error.hint, cause: error });
  }
}
