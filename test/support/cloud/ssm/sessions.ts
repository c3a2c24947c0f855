import { randomBytes } from 'crypto';
import type { IncomingMessage } from 'http';
import type { Duplex } from 'stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { AgentSession, type PortEnd, type TerminalEnd } from './agent-session';
import type { Agents } from './agents';
import type { LinkSettings } from './channel-link';
import type { SsmCall, SsmInstance, SsmSurroundings } from './ssm-service';
import { ApiError } from '../protocol/api-error';

const PATH = /^\/data-channel\/([^/?]+)/;
const OPENING_MS = 10_000;
/** What a WebSocket is closed with where the token is not the one of its session. */
const REFUSED = 1008;
const FRAME_MEMBERS = ['MessageSchemaVersion', 'RequestId', 'TokenValue', 'ClientId', 'ClientVersion'];

export interface SessionSettings extends LinkSettings {
  agentVersion: string;
  /** Key that the preferences of Session Manager have sessions encrypted with, but for those to ports; empty: none. */
  kmsKey: string;
}

interface Session {
  readonly id: string;
  readonly instanceId: string;
  readonly owner: string;
  token: string;
  readonly agent: AgentSession;
}

/** Session Manager, with the documents AWS-StartSSHSession and AWS-StartInteractiveCommand. */
export class Sessions {
  /** What clients did that the protocol does not allow. */
  readonly violations: string[] = [];
  private readonly sessions = new Map<string, Session>();
  private readonly server = new WebSocketServer({ noServer: true });

  constructor(private readonly surroundings: SsmSurroundings, private readonly agents: Agents, private readonly settings: SessionSettings) {}

  async start(call: SsmCall): Promise<object> {
    const { Target, DocumentName, Parameters } = call.input;
    const instanceId = String(Target);
    const instance = () => this.surroundings.instance(call.account, call.region, instanceId);
    if (!await this.agents.isManaged(instance()) || !this.agents.isOnline(instance())) {
      throw new ApiError('TargetNotConnected', `${instanceId} is not connected.`);
    }
    const far = this.farEnd(String(DocumentName), (Parameters ?? {}) as { readonly [name: string]: readonly string[] }, instance);
    const id = `tester-${randomBytes(9).toString('hex').slice(0, 17)}`;
    const agent = new AgentSession({
      sessionId: id,
      instanceId,
      agentVersion: this.settings.agentVersion,
      settings: this.settings,
      far,
      onViolation: (what) => this.violations.push(what),
      onEnd: () => this.sessions.delete(id),
    });
    const session: Session = { id, instanceId, owner: `${call.account}/${call.region}`, token: newToken(), agent };
    this.sessions.set(id, session);
    return this.access(session);
  }

  private farEnd(
    document: string, given: { readonly [name: string]: readonly string[] }, instance: () => SsmInstance | undefined,
  ): PortEnd | TerminalEnd {
    const only = (name: string) => {
      if (Object.keys(given).some((other) => other !== name)) { throw new ApiError('InvalidParameters', `${document} takes a ${name}.`); }
    };
    const gone = () => Promise.reject(new Error('the machine has gone'));
    switch (document) {
      case 'AWS-StartSSHSession': {
        only('portNumber');
        const port = given.portNumber?.[0] ?? '22';
        if (!/^[0-9]{1,5}$/.test(port)) { throw new ApiError('InvalidParameters', `${port} is no portNumber.`); }
        return { type: 'port', port: Number(port), dial: (number) => instance()?.machine?.dial(number) ?? gone() };
      }
      case 'AWS-StartInteractiveCommand': {
        only('command');
        const command = (given.command ?? []).join('\n');
        return { type: 'terminal', kmsKey: this.settings.kmsKey, open: () => instance()?.machine?.terminal?.(command) ?? gone() };
      }
      default:
        throw new ApiError('InvalidDocument', `Document with name ${document} does not exist.`);
    }
  }

  resume(call: SsmCall): object {
    const session = this.find(call);
    session.token = newToken();
    return this.access(session);
  }

  terminate(call: SsmCall): object {
    const session = this.find(call);
    session.agent.end();
    return { SessionId: session.id };
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const id = PATH.exec(request.url ?? '')?.[1];
    if (id === undefined) { return false; }
    this.server.handleUpgrade(request, socket, head, (webSocket) => this.open(decodeURIComponent(id), webSocket));
    return true;
  }

  /** Ends the sessions of an instance. */
  endOf(instanceId: string): void {
    [...this.sessions.values()].filter((session) => session.instanceId === instanceId).forEach(({ agent }) => agent.end());
  }

  /** Cuts all WebSockets; the sessions go on. Returns how many they were. */
  drop(): number {
    return [...this.sessions.values()].filter(({ agent }) => agent.cut()).length;
  }

  reset(): void {
    [...this.sessions.values()].forEach(({ agent }) => agent.end());
    this.violations.length = 0;
  }

  private open(id: string, socket: WebSocket): void {
    const refuse = (why: string) => { clearTimeout(timer); socket.close(REFUSED, why); };
    const timer = setTimeout(() => refuse('No token came'), OPENING_MS).unref();
    socket.on('error', () => undefined);
    socket.once('close', () => clearTimeout(timer));
    socket.once('message', (data: Buffer, isBinary) => {
      clearTimeout(timer);
      if (isBinary) { this.violations.push('a first frame that is not text'); refuse('The first frame has to be text'); return; }
      const frame = JSON.parse(data.toString()) as { readonly [name: string]: unknown };
      const missing = FRAME_MEMBERS.filter((name) => typeof frame[name] !== 'string' || frame[name] === '');
      if (missing.length > 0) { this.violations.push(`a first frame without ${missing.join(', ')}`); }
      const session = this.sessions.get(id);
      if (!session || frame.TokenValue !== session.token) { refuse('Access denied'); return; }
      session.agent.attach(socket);
    });
  }

  private access({ id, token }: Session): object {
    return { SessionId: id, TokenValue: token, StreamUrl: `ws://${this.surroundings.endpoint}/data-channel/${encodeURIComponent(id)}?role=publish_subscribe` };
  }

  private find({ input, account, region }: SsmCall): Session {
    const session = this.sessions.get(String(input.SessionId));
    if (session?.owner !== `${account}/${region}`) { throw new ApiError('DoesNotExistException', `Session ${String(input.SessionId)} does not exist`); }
    return session;
  }
}

function newToken(): string {
  return randomBytes(48).toString('base64');
}
