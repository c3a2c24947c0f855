import { randomUUID } from 'crypto';
import type { WebSocket } from 'ws';
import { decodeMessage, encodeMessage, PAYLOAD, type ChannelMessage } from './channel-message';

export interface LinkSettings {
  /** Share of the messages that are lost, each way: 0 to 1. */
  loss: number;
  /** Share of the messages to the client that come after the one that follows them. */
  disorder: number;
}

/** After so long without an acknowledgement a message is sent again. */
const RESEND_MS = 200;
const CHECK_MS = 50;
const MOST_TRIES = 3_000;
/** More than so many without acknowledgement, and nothing more is taken from the machine. */
const WINDOW = 1_000;
const FIRST = 1;

interface Sent {
  readonly message: ChannelMessage;
  at: number;
  tries: number;
}

export interface LinkEvents {
  /** A message of the client, each once and in order. */
  readonly onMessage: (message: ChannelMessage) => void;
  /** Something that the protocol does not allow. */
  readonly onViolation: (what: string) => void;
  /** There is room for more. */
  readonly onRoom: () => void;
}

/** Streams of messages both ways over WebSockets that may be cut and replaced: nothing is lost, doubled, or out of order. */
export class ChannelLink {
  private socket: WebSocket | undefined;
  private sequence = 0;
  private expected = 0;
  private readonly early = new Map<number, ChannelMessage>();
  private readonly unacknowledged = new Map<string, Sent>();
  private held: Buffer | undefined;
  private chance = 1;
  private readonly timer = setInterval(() => this.resend(), CHECK_MS).unref();

  constructor(private readonly settings: LinkSettings, private readonly events: LinkEvents) {}

  get isFull(): boolean { return this.unacknowledged.size >= WINDOW; }
  get isIdle(): boolean { return this.unacknowledged.size === 0; }

  attach(socket: WebSocket): void {
    this.socket?.terminate();
    this.socket = socket;
    for (const sent of this.unacknowledged.values()) { sent.at = 0; }
    this.resend();
  }

  /** Cuts the WebSocket. Returns whether there was one. */
  cut(): boolean {
    const open = this.socket?.readyState === this.socket?.OPEN && this.socket !== undefined;
    this.socket?.terminate();
    return open;
  }

  /** Sends a piece of the stream, and again, until it is acknowledged. */
  send(payloadType: number, payload: Buffer): void {
    const message: ChannelMessage = {
      type: 'output_stream_data', sequence: this.sequence, flags: this.sequence === 0 ? FIRST : 0, id: randomUUID(), payloadType, payload,
    };
    this.sequence++;
    this.unacknowledged.set(message.id, { message, at: Date.now(), tries: 1 });
    this.transmit(message);
  }

  /** What the service itself says: it does not get lost, and nobody acknowledges it. */
  notify(type: 'channel_closed' | 'start_publication' | 'pause_publication', content: object): void {
    this.flushHeld();
    const payload = Buffer.from(JSON.stringify(content));
    this.write(encodeMessage({ type, sequence: 0, flags: 0, id: randomUUID(), payloadType: PAYLOAD.none, payload }, Date.now()));
  }

  close(): void {
    clearInterval(this.timer);
    this.socket?.close(1000);
    this.unacknowledged.clear();
  }

  receive(bytes: Buffer): void {
    if (this.isUnlucky(this.settings.loss)) { return; }
    let message: ChannelMessage;
    try {
      message = decodeMessage(bytes);
    } catch (error) {
      this.events.onViolation((error as Error).message);
      return;
    }
    if (message.type === 'acknowledge') { this.acknowledged(message); return; }
    if (message.type !== 'input_stream_data') { this.events.onViolation(`a message of type ${message.type}`); return; }
    this.acknowledge(message);
    if (message.sequence < this.expected) { return; }
    this.early.set(message.sequence, message);
    for (let next = this.early.get(this.expected); next; next = this.early.get(this.expected)) {
      this.early.delete(this.expected++);
      this.events.onMessage(next);
    }
  }

  private acknowledge(message: ChannelMessage): void {
    const payload = Buffer.from(JSON.stringify({
      AcknowledgedMessageType: message.type,
      AcknowledgedMessageId: message.id,
      AcknowledgedMessageSequenceNumber: message.sequence,
      IsSequentialMessage: message.sequence === this.expected,
    }));
    this.transmit({ type: 'acknowledge', sequence: 0, flags: 3, id: randomUUID(), payloadType: PAYLOAD.none, payload });
  }

  private acknowledged(message: ChannelMessage): void {
    const content = JSON.parse(message.payload.toString()) as { readonly [name: string]: unknown };
    if (content.AcknowledgedMessageType !== 'output_stream_data') {
      this.events.onViolation(`an acknowledgement of ${String(content.AcknowledgedMessageType)}`);
    }
    const wasFull = this.isFull;
    this.unacknowledged.delete(String(content.AcknowledgedMessageId));
    if (this.isIdle || (wasFull && !this.isFull)) { this.events.onRoom(); }
  }

  private resend(): void {
    if (this.socket?.readyState !== this.socket?.OPEN) { return; }
    const now = Date.now();
    this.flushHeld();
    for (const sent of this.unacknowledged.values()) {
      if (now - sent.at < RESEND_MS) { continue; }
      Object.assign(sent, { at: now, tries: sent.tries + 1 });
      if (sent.tries > MOST_TRIES) { this.cut(); return; }
      this.transmit(sent.message);
    }
  }

  private transmit(message: ChannelMessage): void {
    if (this.isUnlucky(this.settings.loss)) { return; }
    const bytes = encodeMessage(message, Date.now());
    if (!this.held && this.isUnlucky(this.settings.disorder)) { this.held = bytes; return; }
    this.write(bytes);
    this.flushHeld();
  }

  private flushHeld(): void {
    const { held } = this;
    this.held = undefined;
    if (held) { this.write(held); }
  }

  private write(bytes: Buffer): void {
    if (this.socket && this.socket.readyState === this.socket.OPEN) { this.socket.send(bytes); }
  }

  /** The same in each run, so that a test which fails does so again. */
  private isUnlucky(share: number): boolean {
    if (share <= 0) { return false; }
    this.chance = (this.chance * 48_271) % 0x7fffffff;
    return this.chance / 0x7fffffff < share;
  }
}
