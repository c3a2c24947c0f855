import { once } from 'events';
import { createServer, type Server, type Socket } from 'net';
import type { Readable } from 'stream';
import { encodeFrame, FRAME, FrameParser, type ControlFrame } from './control-frames';
import { listenAt, removeSocket } from './control-socket';
import { GoldenError } from '../../errors';
import type { Attachment, Entrance, EntranceOptions, TerminalSize } from '../../ports/attachment';

/** What a client asks for, once on each connection. */
export interface ControlRequest extends EntranceOptions {
  readonly command: string;
}

/**
 * Lets other processes of the same user onto the machine of a running build, over the connection that the build has: keys that
 * exist in its memory only go nowhere. A build goes on without it where its socket cannot be made.
 */
export class ControlServer {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private entrance: Entrance | undefined;
  private started: Promise<void> | undefined;

  constructor(private readonly stateFolder: string, private readonly buildId: string) {
    this.server = createServer((socket) => this.accept(socket));
    this.server.unref();
  }

  start(): void {
    this.started = listenAt(this.server, this.stateFolder, this.buildId).catch(() => undefined);
  }

  /** Opens the way to a machine. */
  open(entrance: Entrance): void {
    this.entrance = entrance;
  }

  /** Ends what people do on the machine: it goes. */
  leave(): void {
    this.entrance = undefined;
    this.sockets.forEach((socket) => socket.destroy());
  }

  async close(): Promise<void> {
    await this.started;
    this.leave();
    this.server.close();
    removeSocket(this.stateFolder, this.buildId);
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    const parser = new FrameParser();
    const frames: ControlFrame[] = [];
    let serving: Serving | undefined;
    socket.on('data', (piece: Buffer) => {
      try {
        frames.push(...parser.add(piece));
      } catch {
        socket.destroy();
        return;
      }
      if (!serving && frames[0]?.type === FRAME.request) {
        serving = new Serving(socket, this.entrance);
        void serving.run(JSON.parse(frames.shift()!.content.toString()) as ControlRequest);
      }
      if (serving) { frames.splice(0).forEach((frame) => serving!.take(frame)); }
    });
    socket.on('error', () => { /* its end says the same */ });
    socket.once('close', () => {
      this.sockets.delete(socket);
      serving?.abandon();
    });
  }
}

/** One command of one client. */
class Serving {
  private attachment: Attachment | undefined;
  private abandoned = false;
  private readonly early: ControlFrame[] = [];

  constructor(private readonly socket: Socket, private readonly entrance: Entrance | undefined) {}

  async run({ command, ...options }: ControlRequest): Promise<void> {
    const { socket } = this;
    try {
      if (!this.entrance) {
        throw new GoldenError('no-machine-now', 'The build has no machine at this moment', { hint: 'It has one from the phase connect until it is cleaned; golden logs --follow shows where it is.' });
      }
      const attachment = await this.entrance.attach(command, options);
      this.attachment = attachment;
      if (this.abandoned) { throw new GoldenError('interrupted', 'Nobody is there any more', { kind: 'interrupted' }); }
      attachment.stdin.on('error', () => { /* it ended without reading */ });
      this.early.splice(0).forEach((frame) => this.take(frame));
      const [exitCode] = await Promise.all([
        attachment.ended, this.forward(FRAME.stdout, attachment.stdout), this.forward(FRAME.stderr, attachment.stderr),
      ]);
      socket.end(encodeFrame(FRAME.exit, { exitCode }));
    } catch (error) {
      const { code, message, kind, hint } = GoldenError.is(error) ? error : new GoldenError('internal', (error as Error).message, { kind: 'internal' });
      socket.end(encodeFrame(FRAME.failure, { code, message, kind, hint }));
      this.abandon();
    }
  }

  take(frame: ControlFrame): void {
    const { attachment, socket } = this;
    if (!attachment) { this.early.push(frame); return; }
    switch (frame.type) {
      case FRAME.stdin:
        if (!attachment.stdin.write(frame.content) && !socket.isPaused()) {
          socket.pause();
          attachment.stdin.once('drain', () => socket.resume()).once('close', () => socket.resume());
        }
        return;
      case FRAME.stdinEnd:
        attachment.stdin.end();
        return;
      case FRAME.size:
        attachment.resize(JSON.parse(frame.content.toString()) as TerminalSize);
    }
  }

  /** Whoever asked for it has gone. */
  abandon(): void {
    this.abandoned = true;
    this.attachment?.end().catch(() => undefined);
  }

  private async forward(type: typeof FRAME.stdout | typeof FRAME.stderr, stream: Readable): Promise<void> {
    for await (const data of stream) {
      if (!this.socket.write(encodeFrame(type, data as Buffer)) && !this.socket.destroyed) {
        await Promise.race([once(this.socket, 'drain'), once(this.socket, 'close')]);
      }
    }
  }
}
