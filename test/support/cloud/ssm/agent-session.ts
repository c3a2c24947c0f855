import type { Duplex } from 'stream';
import type { WebSocket } from 'ws';
import { ChannelLink, type LinkSettings } from './channel-link';
import { FLAG, PAYLOAD, type ChannelMessage } from './channel-message';
import type { CloudTerminal } from '../machines/machine-provider';

/** The agent reads so much at a time. */
const PACKET_BYTES = 1024;

/** AWS-StartSSHSession: the bytes of one TCP connection to a port of the machine. */
export interface PortEnd {
  readonly type: 'port';
  readonly port: number;
  readonly dial: (port: number) => Promise<Duplex>;
}

/** AWS-StartInteractiveCommand: a command in a terminal of the machine. Nobody shakes hands, unless all is to be encrypted. */
export interface TerminalEnd {
  readonly type: 'terminal';
  readonly open: () => Promise<CloudTerminal>;
  /** Key that the account encrypts sessions with; empty: none. */
  readonly kmsKey: string;
}

export interface AgentSessionOptions {
  readonly sessionId: string;
  readonly instanceId: string;
  readonly agentVersion: string;
  readonly settings: LinkSettings;
  readonly far: PortEnd | TerminalEnd;
  readonly onViolation: (what: string) => void;
  /** It is over, and cannot be resumed. */
  readonly onEnd: () => void;
}

/** The agent's end of a session. */
export class AgentSession {
  private readonly link: ChannelLink;
  private stream: Duplex | undefined;
  private terminal: CloudTerminal | undefined;
  private state: 'new' | 'greeted' | 'open' | 'ending' | 'over' = 'new';
  private readonly begin = process.hrtime.bigint();

  constructor(private readonly options: AgentSessionOptions) {
    this.link = new ChannelLink(options.settings, {
      onMessage: (message) => { void this.take(message); },
      onViolation: options.onViolation,
      onRoom: () => this.proceed(),
    });
  }

  attach(socket: WebSocket): void {
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) { this.link.receive(data); } else { this.options.onViolation('a text frame that is not the first'); }
    });
    this.link.attach(socket);
    if (this.state === 'new') { this.start(); } else { this.link.notify('start_publication', { SessionId: this.options.sessionId }); }
  }

  cut(): boolean { return this.link.cut(); }

  /** Ends it, and tells the client. */
  end(output = ''): void {
    if (this.state === 'over') { return; }
    this.state = 'over';
    this.stream?.destroy();
    const { sessionId } = this.options;
    this.link.notify('channel_closed', {
      MessageType: 'channel_closed',
      MessageId: sessionId,
      DestinationId: sessionId,
      SessionId: sessionId,
      SchemaVersion: 1,
      CreatedDate: new Date().toISOString(),
      Output: output,
    });
    this.link.close();
    this.options.onEnd();
  }

  private start(): void {
    const { far, agentVersion } = this.options;
    if (far.type === 'terminal' && far.kmsKey === '') {
      this.state = 'open';
      void this.connect();
      return;
    }
    this.state = 'greeted';
    const ActionParameters = far.type === 'port'
      ? { SessionType: 'Port', Properties: { portNumber: String(far.port) } } : { SessionType: 'InteractiveCommands', Properties: null };
    this.sendJson(PAYLOAD.handshakeRequest, {
      AgentVersion: agentVersion,
      RequestedClientActions: [
        ...far.type === 'terminal' ? [{ ActionType: 'KMSEncryption', ActionParameters: { KMSKeyId: far.kmsKey } }] : [],
        { ActionType: 'SessionType', ActionParameters },
      ],
    });
  }

  private async take(message: ChannelMessage): Promise<void> {
    const { payloadType, payload } = message;
    if (this.state === 'greeted') {
      if (payloadType !== PAYLOAD.handshakeResponse) { this.options.onViolation(`a payload of type ${payloadType} before the handshake`); return; }
      await this.readHandshake(payload);
      return;
    }
    if (payloadType === PAYLOAD.output) { this.stream?.write(payload); return; }
    if (payloadType === PAYLOAD.flag) { this.readFlag(payload.readUInt32BE(0)); return; }
    if (payloadType !== PAYLOAD.size) { this.options.onViolation(`a payload of type ${payloadType}`); return; }
    const { cols, rows } = JSON.parse(payload.toString()) as { readonly cols: number; readonly rows: number };
    this.terminal?.resize({ columns: cols, rows });
  }

  private async readHandshake(payload: Buffer): Promise<void> {
    const response = JSON.parse(payload.toString()) as {
      readonly ClientVersion?: string; readonly ProcessedClientActions?: readonly { readonly ActionType: string; readonly ActionStatus: number }[];
    };
    const refused = response.ProcessedClientActions?.some(({ ActionStatus }) => ActionStatus !== 1) ?? true;
    if (!response.ClientVersion || refused) {
      this.end('Handshake failed: the client does not do what it was asked for');
      return;
    }
    // What the client sends from now on waits until the port is there.
    this.state = 'open';
    this.sendJson(PAYLOAD.handshakeComplete, { HandshakeTimeToComplete: Number(process.hrtime.bigint() - this.begin), CustomerMessage: '' });
    await this.connect();
  }

  private async connect(): Promise<void> {
    const waiting = new Waiting();
    this.stream = waiting as unknown as Duplex;
    let stream: Duplex;
    try {
      stream = await this.farEnd();
    } catch (error) {
      this.end(`${this.options.far.type === 'port' ? 'Connection to destination port failed, check SSM Agent logs.' : 'Unable to start command:'} ${(error as Error).message}`);
      return;
    }
    if (this.state !== 'open') { stream.destroy(); return; }
    this.stream = stream;
    waiting.written.forEach((data) => stream.write(data));
    stream.on('error', () => undefined);
    stream.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += PACKET_BYTES) { this.link.send(PAYLOAD.output, data.subarray(at, at + PACKET_BYTES)); }
      if (this.link.isFull) { stream.pause(); }
    });
    stream.once('close', () => {
      if (this.stream !== stream || this.state !== 'open') { return; }
      this.state = 'ending';
      this.proceed();
    });
    stream.once('end', () => stream.destroy());
    // It comes paused, and is full only once it has said something.
    stream.resume();
  }

  private async farEnd(): Promise<Duplex> {
    const { far } = this.options;
    if (far.type === 'port') { return far.dial(far.port); }
    this.terminal = await far.open();
    return this.terminal.stream;
  }

  private proceed(): void {
    if (this.state === 'ending' && this.link.isIdle) { this.end(); }
    if (this.state === 'open' && !this.link.isFull) { this.stream?.resume(); }
  }

  private readFlag(flag: number): void {
    if (this.options.far.type === 'terminal') { this.options.onViolation(`a flag of ${flag} to a terminal`); return; }
    if (flag === FLAG.terminateSession) { this.end(); return; }
    if (flag !== FLAG.disconnectToPort) { this.options.onViolation(`a flag of ${flag}`); return; }
    const { stream } = this;
    this.stream = undefined;
    stream?.destroy();
    void this.connect();
  }

  private sendJson(payloadType: number, content: object): void {
    this.link.send(payloadType, Buffer.from(JSON.stringify(content)));
  }
}

/** Stands for a port until it answers. */
class Waiting {
  readonly written: Buffer[] = [];
  write(data: Buffer): void { this.written.push(data); }
  resume(): void { /* there is nothing to read yet */ }
  destroy(): void { this.written.length = 0; }
}
