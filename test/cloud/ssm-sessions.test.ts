import { createServer, connect, type AddressInfo, type Server } from 'net';
import type { Duplex } from 'stream';
import { WebSocket } from 'ws';
import type { CloudMachine } from '../support/cloud/machines/machine-provider';
import { machineStand, until, type MachineStand } from '../support/cloud/machines/machine-stand';
import { decodeMessage, encodeMessage, PAYLOAD, type ChannelMessage } from '../support/cloud/ssm/channel-message';

const ID = 'i-00000000000000001';

interface Access {
  readonly SessionId: string;
  readonly TokenValue: string;
  readonly StreamUrl: string;
}

/** A client that acknowledges what it gets, unless it is told not to, keeps all of it, and sends again what is not acknowledged. */
class Client {
  readonly received: ChannelMessage[] = [];
  readonly acknowledged: object[] = [];
  silent = false;
  closed: number | undefined;
  private readonly socket: WebSocket;
  private sequence = 0;
  private readonly unacknowledged = new Map<string, Buffer>();
  private readonly timer = setInterval(() => this.unacknowledged.forEach((bytes) => this.socket.send(bytes)), 100);

  constructor(access: Access, token = access.TokenValue) {
    this.socket = new WebSocket(access.StreamUrl);
    this.socket.on('open', () => this.socket.send(JSON.stringify({
      MessageSchemaVersion: '1.0', RequestId: 'request', TokenValue: token, ClientId: 'client', ClientVersion: '1.2.0.0',
    })));
    this.socket.on('message', (data: Buffer) => this.take(decodeMessage(data)));
    this.socket.on('close', (code) => {
      this.closed = code;
      clearInterval(this.timer);
    });
  }

  send(payloadType: number, payload: Buffer, corrupt: (bytes: Buffer) => void = () => undefined): void {
    const flags = this.sequence === 0 ? 1 : 0;
    const id = messageId(this.sequence + 1);
    const bytes = encodeMessage({ type: 'input_stream_data', sequence: this.sequence++, flags, id, payloadType, payload }, Date.now());
    corrupt(bytes);
    this.socket.send(bytes);
    this.unacknowledged.set(id, bytes);
  }

  async greet(): Promise<void> {
    await until(async () => this.received.length, (count) => count >= 1);
    this.send(PAYLOAD.handshakeResponse, Buffer.from(JSON.stringify({
      ClientVersion: '1.2.0.0', ProcessedClientActions: [{ ActionType: 'SessionType', ActionStatus: 1 }], Errors: [],
    })));
    await until(async () => this.stream(PAYLOAD.handshakeComplete).length, (length) => length > 0);
  }

  /** What came of a kind, once each and in order. */
  stream(payloadType: number): string {
    const wanted = this.received.filter((message) => message.payloadType === payloadType);
    const ofKind = new Map(wanted.map(({ sequence, payload }) => [sequence, payload]));
    return Buffer.concat([...ofKind.keys()].sort((a, b) => a - b).map((sequence) => ofKind.get(sequence)!)).toString();
  }

  cut(): void { this.socket.terminate(); }

  private take(message: ChannelMessage): void {
    if (message.type === 'acknowledge') {
      const content = JSON.parse(message.payload.toString()) as { AcknowledgedMessageId: string };
      this.acknowledged.push(content);
      this.unacknowledged.delete(content.AcknowledgedMessageId);
      return;
    }
    this.received.push(message);
    if (this.silent || message.type !== 'output_stream_data') { return; }
    const payload = Buffer.from(JSON.stringify({
      AcknowledgedMessageType: message.type,
      AcknowledgedMessageId: message.id,
      AcknowledgedMessageSequenceNumber: message.sequence,
      IsSequentialMessage: true,
    }));
    this.socket.send(encodeMessage({ type: 'acknowledge', sequence: 0, flags: 3, id: messageId(0), payloadType: 0, payload }, Date.now()));
  }
}

function messageId(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

describe('Session Manager of the emulated cloud', () => {
  let stand: MachineStand;
  let server: Server;

  beforeAll(async () => {
    stand = await machineStand('light', 2);
    // Answers each byte with the one that follows it, and leaves at an exclamation mark.
    server = createServer((socket) => {
      socket.on('data', (data) => {
        socket.write(data.map((byte) => byte + 1));
        if (data.includes('!')) { socket.end(); }
      });
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const dial = (port: number) => new Promise<Duplex>((resolve, reject) => {
      if (port !== 22) { reject(new Error('refused')); return; }
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => resolve(socket));
    });
    const machine = { dial } as unknown as CloudMachine;
    stand.instances.set(ID, { id: ID, state: 'running', startedAt: Date.now(), address: '127.77.2.1', managed: true, hasAgent: true, machine });
  });
  afterEach(() => {
    Object.assign(stand.ssm.settings, { loss: 0, disorder: 0 });
  });
  afterAll(async () => {
    await stand.close();
    await new Promise((resolve) => server.close(resolve));
  });

  const startSession = (port?: number) => stand.call<Access>('StartSession', {
    Target: ID, DocumentName: 'AWS-StartSSHSession', ...(port === undefined ? {} : { Parameters: { portNumber: [String(port)] } }),
  });

  test('writes messages byte for byte', () => {
    const message: ChannelMessage = {
      type: 'output_stream_data', sequence: 258, flags: 1, id: '00112233-4455-6677-8899-aabbccddeeff', payloadType: 1, payload: Buffer.from('hi'),
    };
    const bytes = encodeMessage(message, 0x0102030405);
    expect(bytes.toString('hex')).toBe([
      '00000074', Buffer.from('output_stream_data              ').toString('hex'), '00000001', '0000000102030405', '0000000000000102', '0000000000000001',
      '8899aabbccddeeff0011223344556677', '8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4', '00000001', '00000002', '6869',
    ].join(''));
    expect(decodeMessage(bytes)).toEqual(message);
  });

  test('greets, and carries bytes both ways', async () => {
    const client = new Client(await startSession());
    await client.greet();
    expect(JSON.parse(client.stream(PAYLOAD.handshakeRequest))).toEqual({
      AgentVersion: '3.3.1230.0',
      RequestedClientActions: [{ ActionType: 'SessionType', ActionParameters: { SessionType: 'Port', Properties: { portNumber: '22' } } }],
    });
    expect(client.received[0]).toMatchObject({ type: 'output_stream_data', sequence: 0, flags: 1, payloadType: 5 });
    client.send(PAYLOAD.output, Buffer.from('HAL'));
    await until(async () => client.stream(PAYLOAD.output), (text) => text === 'IBM');
    // One whose acknowledgement is late is sent again, and acknowledged again.
    expect(client.acknowledged).toContainEqual({
      AcknowledgedMessageType: 'input_stream_data', AcknowledgedMessageId: messageId(2), AcknowledgedMessageSequenceNumber: 1, IsSequentialMessage: true,
    });
    client.cut();
  });

  test('splits what the machine says into packets of 1024 bytes', async () => {
    const client = new Client(await startSession());
    await client.greet();
    client.send(PAYLOAD.output, Buffer.alloc(2500, 'a'));
    await until(async () => client.stream(PAYLOAD.output), (text) => text === 'b'.repeat(2500));
    expect(Math.max(...client.received.map(({ payload, payloadType }) => payloadType === PAYLOAD.output ? payload.length : 0))).toBe(1024);
    client.cut();
  });

  test('sends again what nobody acknowledged', async () => {
    const client = new Client(await startSession());
    await client.greet();
    client.silent = true;
    client.send(PAYLOAD.output, Buffer.from('a'));
    await until(async () => client.received.filter(({ payloadType }) => payloadType === PAYLOAD.output).length, (count) => count >= 3);
    client.silent = false;
    // When nothing comes for longer than it takes to send again, all is acknowledged.
    const growth = async () => {
      const before = client.received.length;
      await new Promise((resolve) => { setTimeout(resolve, 300); });
      return client.received.length - before;
    };
    await until(growth, (more) => more === 0);
    expect(new Set(client.received.filter(({ payloadType }) => payloadType === PAYLOAD.output).map(({ id }) => id)).size).toBe(1);
    client.cut();
  });

  test('survives loss and disorder', async () => {
    const client = new Client(await startSession());
    await client.greet();
    Object.assign(stand.ssm.settings, { loss: 0.2, disorder: 0.3 });
    for (let n = 0; n < 20; n++) { client.send(PAYLOAD.output, Buffer.alloc(1024, 97 + n)); }
    const text = await until(async () => client.stream(PAYLOAD.output), ({ length }) => length === 20 * 1024);
    expect(text.replace(/(.)\1+/g, '$1')).toBe('bcdefghijklmnopqrstu');
    const { length } = client.received.filter(({ payloadType }) => payloadType === PAYLOAD.output);
    // Some of it came more than once.
    expect(length).toBeGreaterThan(new Set(client.received.filter(({ payloadType }) => payloadType === PAYLOAD.output).map(({ id }) => id)).size);
    client.cut();
  });

  test('goes on after its WebSocket was cut, and the session resumed', async () => {
    const access = await startSession();
    const client = new Client(access);
    await client.greet();
    client.silent = true;
    client.send(PAYLOAD.output, Buffer.from('HAL'));
    await until(async () => client.stream(PAYLOAD.output), (text) => text === 'IBM');
    expect(stand.ssm.dropSessions()).toBeGreaterThan(0);
    await until(async () => client.closed, (code) => code !== undefined);
    const again = new Client(await stand.call<Access>('ResumeSession', { SessionId: access.SessionId }));
    await until(async () => again.stream(PAYLOAD.output), (text) => text === 'IBM');
    const late = new Client(access);
    expect(await until(async () => late.closed, (code) => code !== undefined)).toBe(1008);
    again.cut();
  });

  test('refuses a wrong token', async () => {
    const client = new Client(await startSession(), 'guessed');
    expect(await until(async () => client.closed, (code) => code !== undefined)).toBe(1008);
    expect(client.received).toEqual([]);
  });

  test('tells the client when the machine has closed the connection, after its last byte', async () => {
    const client = new Client(await startSession());
    await client.greet();
    client.send(PAYLOAD.output, Buffer.from('a!'));
    await until(async () => client.closed, (code) => code !== undefined);
    expect(client.stream(PAYLOAD.output)).toBe('b"');
    expect(client.received.at(-1)!.type).toBe('channel_closed');
  });

  test('ends at the wish of the client, and of the account', async () => {
    const one = new Client(await startSession());
    await one.greet();
    one.send(PAYLOAD.flag, Buffer.from([0, 0, 0, 2]));
    await until(async () => one.received.at(-1)!.type, (type) => type === 'channel_closed');
    const access = await startSession();
    const other = new Client(access);
    await other.greet();
    await stand.call('TerminateSession', { SessionId: access.SessionId });
    await until(async () => other.received.at(-1)!.type, (type) => type === 'channel_closed');
    await expect(stand.call('ResumeSession', { SessionId: access.SessionId })).rejects.toMatchObject({ code: 'DoesNotExistException' });
  });

  test('closes the session where nobody listens at the port', async () => {
    const client = new Client(await startSession(23));
    await client.greet().catch(() => undefined);
    await until(async () => client.received.at(-1)!.type, (type) => type === 'channel_closed');
    expect(JSON.parse(client.received.at(-1)!.payload.toString())).toMatchObject({
      Output: 'Connection to destination port failed, check SSM Agent logs. refused',
    });
  });

  test('notes what the protocol does not allow, and does not acknowledge it', async () => {
    const client = new Client(await startSession());
    await client.greet();
    client.send(PAYLOAD.output, Buffer.from('a'), (bytes) => { bytes[bytes.length - 1]++; });
    await until(async () => stand.ssm.violations, (all) => all.includes('a digest that is not that of the payload'));
    expect(client.acknowledged).toHaveLength(1);
    client.cut();
  });

  test('starts none on an instance whose agent is silent, or with another document', async () => {
    await expect(stand.call('StartSession', { Target: ID, DocumentName: 'AWS-StartPortForwardingSession' })).rejects.toMatchObject({ code: 'InvalidDocument' });
    stand.ssm.dropAgent(ID);
    await expect(startSession()).rejects.toMatchObject({ code: 'TargetNotConnected' });
    stand.ssm.restoreAgent(ID);
    await expect(stand.call('StartSession', { Target: 'i-0fffffffffffffff0' })).rejects.toMatchObject({ code: 'TargetNotConnected' });
  });
});
