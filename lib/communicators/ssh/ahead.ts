import type { Client, ClientChannel, ParsedKey } from 'ssh2';

/*
 * ssh2 asks and waits where SSH lets a client go on: whether a key would do, whether a channel is open, whether a command was
 * taken. On a long way each of these costs a round trip. What is done about it here reaches into ssh2, whose version is pinned
 * by the bundle; the suite counts the round trips.
 */

/** What a server without a word of its own takes at once, as ssh2 has it. */
const WINDOW = 2 << 20;
const PACKET = 32 << 10;

type Answer = (error: Error | undefined, channel?: ClientChannel) => void;

interface Protocol {
  authPK(user: string, key: ParsedKey, algorithm?: string, sign?: (data: Buffer, done: (signature: Buffer) => void) => void): void;
  service(name: string): void;
  session(channel: number, window: number, packet: number): void;
  exec(channel: number, command: string, wantReply: boolean): void;
  readonly _handlers: { SERVICE_ACCEPT?: (protocol: Protocol, name: string) => void };
}

interface InnerClient {
  readonly _protocol: Protocol;
  readonly _chanMgr: { add(answer: Answer & { type?: string }): number };
  _resetKA?: () => void;
}

type InnerChannel = ClientChannel & { readonly _callbacks: ((failed: boolean | Error) => void)[]; readonly outgoing: { readonly id: number }; subtype?: string };

/**
 * Sends the whole login as soon as the keys are exchanged, with what is to follow it. To be called right after `connect`.
 * @param key absent: an agent has it, and is asked as ssh2 does
 * @param follow sends what is to arrive right behind the login; the server reads it only once it has let us in
 */
export function logInAhead(client: Client, key: ParsedKey | undefined, follow: () => void): void {
  const { _protocol: protocol } = client as unknown as InnerClient;
  if (!key) { return; }
  const authPK = protocol.authPK.bind(protocol);
  protocol.authPK = (user, subject, algorithm, sign) => {
    authPK(user, subject, algorithm, sign ?? ((data, done) => done(key.sign(data, hashOf(algorithm)))));
    follow();
  };
  // Which signatures an RSA key may give is known only once the server has said so.
  if (key.type === 'ssh-rsa') { return; }
  const service = protocol.service.bind(protocol);
  protocol.service = (name) => {
    service(name);
    const { SERVICE_ACCEPT: accepted } = protocol._handlers;
    delete protocol._handlers.SERVICE_ACCEPT;
    accepted?.(protocol, name);
  };
}

/** Opens a session that is to run a command later. */
export function openSession(client: Client): Promise<ClientChannel> {
  const { _chanMgr: channels, _protocol: protocol } = client as unknown as InnerClient;
  return new Promise((resolve, reject) => {
    const answer = (error: Error | undefined, channel?: ClientChannel) => (error ? reject(error) : resolve(channel!));
    protocol.session(channels.add(Object.assign(answer, { type: 'session' })), WINDOW, PACKET);
  });
}

/** Starts a command in a session. What goes to its stdin may follow at once. */
export function runInSession(client: Client, session: ClientChannel, command: string): void {
  const channel = session as InnerChannel;
  channel._callbacks.push((failed) => { if (failed) { channel.destroy(); } });
  channel.subtype = 'exec';
  (client as unknown as InnerClient)._protocol.exec(channel.outgoing.id, command, true);
}

/** Tells the keep-alive that the server was heard. */
export function heard(client: Client): void {
  (client as unknown as InnerClient)._resetKA?.();
}

function hashOf(algorithm: string | undefined): string | undefined {
  return algorithm?.startsWith('rsa-sha2-') ? `sha${algorithm.slice('rsa-sha2-'.length)}` : undefined;
}
