import type { Client, ClientChannel, ParsedKey } from 'ssh2';

/*
 * ssh2 asks and waits where SSH lets a client go on: whether a key would do, whether a channel is open, whether a command was
 * taken. On a long way each of these costs a round trip. What is done about it here reaches into ssh2, whose version is pinned
 * by the bundle; the suite counts the round trips.
 */

/** What a server without a word of its own takes at once, as ssh2 has it. */
export const WINDOW = 2 << 20;
export const PACKET = 32 << 10;

/** OpenSSH opens the window of a session when it starts the command, to this (4.7 and newer); what is sent by then finds it open. */
const AHEAD = 2 << 20;

/** Enough on a short way. With each packet a server copies all that waits for who is to read it: it is not to be much. */
const NEAR_AHEAD = 512 << 10;

type Answer = (error: Error | undefined, channel?: ClientChannel) => void;

interface Protocol {
  /** Ours: what was sent ahead in which channels. */
  _debts?: Map<number, number>;
  authPK(user: string, key: ParsedKey, algorithm?: string, sign?: (data: Buffer, done: (signature: Buffer) => void) => void): void;
  service(name: string): void;
  session(channel: number, window: number, packet: number): void;
  exec(channel: number, command: string, wantReply: boolean): void;
  readonly _handlers: {
    SERVICE_ACCEPT?: (protocol: Protocol, name: string) => void;
    CHANNEL_WINDOW_ADJUST: (protocol: Protocol, channel: number, amount: number) => void;
  };
}

interface InnerClient {
  readonly _protocol: Protocol;
  readonly _chanMgr: { add(answer: Answer & { type?: string }): number };
  readonly _remoteVer?: string;
  _resetKA?: () => void;
}

interface InnerChannel {
  readonly _callbacks: ((failed: boolean | Error) => void)[];
  readonly incoming: { readonly id: number };
  readonly outgoing: { readonly id: number; window: number };
  subtype?: string;
}

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
  return ask(client, (channel) => channel);
}

/**
 * Opens the first session of a connection, and starts a command in it before the server has said which number it has: OpenSSH's are
 * the lowest that are free, so that it is 0. Undefined: the server is another one.
 * @param attach gets the channel before anything that happens to it
 */
export function runInFirst<T>(client: Client, command: string, attach: (session: ClientChannel) => T): Promise<T> | undefined {
  if (!isOpenSsh(client)) { return undefined; }
  const opened = ask(client, (session) => {
    const attached = attach(session);
    expectStart(client, session, true);
    return attached;
  });
  (client as unknown as InnerClient)._protocol.exec(0, command, true);
  return opened;
}

/** @param opened called at once, not in the next turn: what is in the same packet happens before that */
function ask<T>(client: Client, opened: (session: ClientChannel) => T): Promise<T> {
  const { _chanMgr: channels, _protocol: protocol } = client as unknown as InnerClient;
  return new Promise((resolve, reject) => {
    const answer = (error: Error | undefined, channel?: ClientChannel) => (error ? reject(error) : resolve(opened(channel!)));
    protocol.session(channels.add(Object.assign(answer, { type: 'session' })), WINDOW, PACKET);
  });
}

/**
 * Starts a command in a session. What goes to its stdin may follow at once.
 * @param isFar whether more than a little has to be on its way, for the way to be full
 */
export function runInSession(client: Client, session: ClientChannel, command: string, isFar: boolean): void {
  (client as unknown as InnerClient)._protocol.exec((session as unknown as InnerChannel).outgoing.id, command, true);
  expectStart(client, session, isFar);
}

function expectStart(client: Client, session: ClientChannel, isFar: boolean): void {
  const { _protocol: protocol } = client as unknown as InnerClient;
  const channel = session as unknown as InnerChannel;
  channel._callbacks.push((failed) => { if (failed) { session.destroy(); } });
  channel.subtype = 'exec';
  if (channel.outgoing.window === 0 && isOpenSsh(client)) {
    channel.outgoing.window = isFar ? AHEAD : NEAR_AHEAD;
    (protocol._debts ??= settleDebts(protocol)).set(channel.incoming.id, AHEAD);
  }
}

function isOpenSsh(client: Client): boolean {
  return (client as unknown as InnerClient)._remoteVer?.startsWith('OpenSSH_') ?? false;
}

/** Takes what was sent ahead from the windows that the server opens. */
function settleDebts({ _handlers: handlers }: Protocol): Map<number, number> {
  const debts = new Map<number, number>();
  const adjust = handlers.CHANNEL_WINDOW_ADJUST;
  handlers.CHANNEL_WINDOW_ADJUST = (protocol, channel, amount) => {
    const debt = debts.get(channel) ?? 0;
    if (debt > amount) { debts.set(channel, debt - amount); } else { debts.delete(channel); }
    adjust(protocol, channel, Math.max(0, amount - debt));
  };
  return debts;
}

/** Tells the keep-alive that the server was heard. */
export function heard(client: Client): void {
  (client as unknown as InnerClient)._resetKA?.();
}

function hashOf(algorithm: string | undefined): string | undefined {
  return algorithm?.startsWith('rsa-sha2-') ? `sha${algorithm.slice('rsa-sha2-'.length)}` : undefined;
}
