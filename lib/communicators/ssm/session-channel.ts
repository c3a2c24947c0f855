import { randomUUID } from 'crypto';
import type { Agent } from 'http';
import { Duplex } from 'stream';
import WebSocket from 'ws';
import { decodeMessage, encodeMessage, FLAG, PAYLOAD, type SessionMessage } from './session-message';
import { SessionSender } from './session-sender';
import { GoldenError } from '../../errors';
import type { TerminalSize } from '../../ports/attachment';

/** What the agent reads and writes at a time. */
const PIECE_BYTES = 1024;
/** Messages that came too early and are kept. */
const EARLY = 10_000;
const RESEND_EVERY_MS = 50;
const PING_EVERY_MS = 60_000;
/** When something is not acknowledged for so long, nobody is there. */
const GIVE_UP_MS = 60_000;
/** Of a client before several streams shared a session: the agent then sends the bytes as they are. */
const CLIENT_VERSION = '1.1.61.0';

export interface SessionStart {
  readonly sessionId: string;
  readonly streamUrl: string;
  readonly token: string;
  /** What is at its other end: a terminal begins without shaking hands, is ended by the service alone, and has a size. */
  readonly far: 'port' | 'terminal';
}

/** The byte stream of a session: numbered messages over a WebSocket, each acknowledged, in order and none twice. */
export class SessionChannel extends Duplex {
  /** Settles when bytes can go both ways. */
  readonly ready: Promise<void>;
  private readonly socket: WebSocket;
  private readonly sender: SessionSender;
  private readonly early = new Map<number, SessionMessage>();
  private readonly timers: NodeJS.Timeout[] = [];
  private expected = 0;
  /** The service asked us to be quiet. */
  private quiet = false;
  private over = false;
  private isOpen = false;
  private opened!: () => void;
  /** What is left of a write that found no room. */
  private waiting: (() => void) | undefined;

  /** @param agent what it connects with */
  constructor(private readonly start: SessionStart, agent?: Agent) {
    super({ allowHalfOpen: false, writableHighWaterMark: 256 * PIECE_BYTES });
    this.socket = new WebSocket(start.streamUrl, { perMessageDeflate: false, handshakeTimeout: GIVE_UP_MS, agent });
    this.sender = new SessionSender((bytes) => this.transmit(bytes), () => Date.now());
    this.ready = new Promise((resolve, reject) => {
      this.opened = resolve;
      this.once('close', () => reject(this.errored ?? closed('')));
    });
    this.ready.catch(() => { /* whoever waits for it is told */ });
    this.socket.on('open', () => this.introduce());
    this.socket.on('message', (data, isBinary) => { if (isBinary) { this.receive(data as Buffer); } });
    this.socket.on('error', (error) => this.destroy(closed(error.message, error)));
    this.socket.on('close', (code, reason) => this.finish(`the WebSocket was closed (${[code, reason.toString()].filter(String).join(' ').trim()})`));
  }

  override _write(data: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    let at = 0;
    const more = () => {
      while (at < data.length && this.sender.open && !this.quiet) {
        this.sender.data(PAYLOAD.output, data.subarray(at, at + PIECE_BYTES));
        at += PIECE_BYTES;
      }
      if (at < data.length) {
        this.waiting = more;
        return;
      }
      this.waiting = undefined;
      done();
    };
    void this.ready.then(more, () => done());
  }

  /** Tells a terminal its size. */
  resize({ columns, rows }: TerminalSize): void {
    if (this.isOpen && !this.over) { this.sender.data(PAYLOAD.size, Buffer.from(JSON.stringify({ cols: columns, rows }))); }
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.start.far === 'terminal') { done(); return; }
    const flag = Buffer.alloc(4);
    flag.writeUInt32BE(FLAG.terminateSession);
    void this.ready.then(() => this.sender.data(PAYLOAD.flag, flag)).then(() => done(), () => done());
  }

  override _read(): void {
    this.socket.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.over = true;
    this.timers.forEach((timer) => clearInterval(timer));
    this.socket.resume();
    this.socket.on('error', () => { /* told already, or of no interest */ });
    if (this.socket.readyState === WebSocket.CONNECTING) { this.socket.terminate(); } else { this.socket.close(); }
    setTimeout(() => this.socket.terminate(), 1000).unref();
    done(error);
  }

  private introduce(): void {
    const { token } = this.start;
    this.socket.send(JSON.stringify({
      MessageSchemaVersion: '1.0', RequestId: randomUUID(), TokenValue: token, ClientId: randomUUID(), ClientVersion: CLIENT_VERSION,
    }));
    this.timers.push(setInterval(() => this.resend(), RESEND_EVERY_MS), setInterval(() => this.socket.ping(), PING_EVERY_MS));
  }

  private transmit(bytes: Buffer): void {
    if (this.socket.readyState === WebSocket.OPEN) { this.socket.send(bytes); }
  }

  private resend(): void {
    if (this.quiet) { return; }
    if (this.sender.resend() > GIVE_UP_MS) { this.destroy(closed('nothing is acknowledged any more')); }
  }

  private receive(bytes: Buffer): void {
    if (this.over) { return; }
    try {
      this.accept(decodeMessage(bytes));
    } catch (error) {
      // A message that cannot be read is not acknowledged, so it is sent again.
      if (!GoldenError.is(error) || error.code !== 'session-garbled') { this.destroy(error as Error); }
    }
  }

  private accept(message: SessionMessage): void {
    switch (message.type) {
      case 'output_stream_data':
        this.order(message);
        return;
      case 'acknowledge':
        this.sender.acknowledged(Number(JSON.parse(message.payload.toString()).AcknowledgedMessageSequenceNumber));
        this.waiting?.();
        return;
      case 'pause_publication':
        this.quiet = true;
        return;
      case 'start_publication':
        this.quiet = false;
        this.waiting?.();
        return;
      case 'channel_closed':
        this.finish(String(JSON.parse(message.payload.toString()).Output ?? ''));
    }
  }

  /** Takes what is next, and keeps what came too early; acknowledges both, and what came again. */
  private order(message: SessionMessage): void {
    if (message.sequence > this.expected && this.early.size >= EARLY) { return; }
    this.acknowledge(message);
    if (message.sequence < this.expected) { return; }
    this.early.set(message.sequence, message);
    for (let next = this.early.get(this.expected); next && !this.over; next = this.early.get(this.expected)) {
      this.early.delete(this.expected);
      this.expected++;
      this.handle(next);
    }
  }

  private acknowledge({ type, id, sequence }: SessionMessage): void {
    const payload = Buffer.from(JSON.stringify({
      AcknowledgedMessageType: type, AcknowledgedMessageId: id, AcknowledgedMessageSequenceNumber: sequence, IsSequentialMessage: true,
    }));
    this.transmit(encodeMessage({ type: 'acknowledge', sequence: 0, flags: 3, id: randomUUID(), created: Date.now(), payloadType: PAYLOAD.none, payload }));
  }

  private handle({ payloadType, payload }: SessionMessage): void {
    switch (payloadType) {
      case PAYLOAD.output:
        if (this.start.far === 'terminal') { this.open(); }
        // The service keeps the rest, until there is room for it here.
        if (!this.push(payload)) { this.socket.pause(); }
        return;
      case PAYLOAD.handshakeRequest:
        this.shakeHands(JSON.parse(payload.toString()));
        return;
      case PAYLOAD.handshakeComplete:
        if (this.start.far === 'port') { this.open(); }
        return;
      case PAYLOAD.flag:
        if (payload.readUInt32BE(0) === FLAG.connectToPortError) { this.destroy(closed('the agent cannot connect to the port')); }
    }
  }

  private open(): void {
    this.isOpen = true;
    this.opened();
  }

  private shakeHands(request: { readonly RequestedClientActions?: readonly { readonly ActionType: string }[] }): void {
    const actions = (request.RequestedClientActions ?? []).map(({ ActionType }) => (ActionType === 'SessionType'
      ? { ActionType, ActionStatus: 1, ActionResult: null, Error: '' }
      : { ActionType, ActionStatus: 3, ActionResult: null, Error: `Unsupported action ${ActionType}` }));
    const errors = actions.map(({ Error: error }) => error).filter(Boolean);
    const response = { ClientVersion: CLIENT_VERSION, ProcessedClientActions: actions, Errors: errors };
    this.sender.data(PAYLOAD.handshakeResponse, Buffer.from(JSON.stringify(response)));
    if (actions.some(({ ActionType }) => ActionType === 'KMSEncryption')) {
      this.destroy(new GoldenError('session-encrypted', 'Session Manager of this account encrypts sessions with a KMS key, which is not supported here', {
        hint: 'Take the key out of the preferences of Session Manager, or do without a terminal: golden exec runs single commands.',
      }));
    }
  }

  /** The other end is done: an end of the stream where it was open, a failure where it was not. */
  private finish(reason: string): void {
    if (this.over) { return; }
    this.over = true;
    if (!this.isOpen) {
      this.destroy(closed(reason));
      return;
    }
    // What has not been read yet still can be.
    this.push(null);
    this.once('end', () => this.destroy());
  }
}

function closed(reason: string, cause?: unknown): GoldenError {
  return new GoldenError('connection-lost', `The session with the machine has ended${reason && `: ${reason}`}`, { cause });
}
