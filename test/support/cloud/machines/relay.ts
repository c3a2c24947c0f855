import { createServer, type Server, type Socket } from 'net';
import { Transform, type Duplex } from 'stream';

/** What the network between builders and machines is like; as it is at each moment. */
export interface NetworkSettings {
  /** How long each byte takes, each way. */
  networkDelayMs: number;
}

/** Listens on the address of a machine and leads to one of its ports. */
export class Relay {
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();

  constructor(
    private readonly address: string, private readonly settings: NetworkSettings, private readonly dial: (port: number) => Promise<Duplex>,
  ) {}

  async listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => { void this.connect(socket, port); });
    this.servers.push(server);
    await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(port, this.address, resolve); });
    server.unref();
  }

  /** Cuts every connection there is. Returns how many. */
  drop(): number {
    const open = this.sockets.size;
    this.sockets.forEach((socket) => socket.resetAndDestroy());
    return open;
  }

  close(): void {
    this.servers.splice(0).forEach((server) => server.close());
    this.drop();
  }

  private async connect(socket: Socket, port: number): Promise<void> {
    this.sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => this.sockets.delete(socket));
    let machine: Duplex;
    try {
      machine = await this.dial(port);
    } catch {
      // Nobody listens there: as the machine itself would say.
      socket.resetAndDestroy();
      return;
    }
    const endBoth = () => { socket.destroy(); machine.destroy(); };
    machine.on('error', endBoth).on('close', endBoth);
    socket.on('close', endBoth);
    if (socket.destroyed) { endBoth(); return; }
    socket.pipe(this.delay()).pipe(machine);
    machine.pipe(this.delay()).pipe(socket);
  }

  /** Holds what passes for as long as the network takes, in order, without holding back what comes after it. */
  private delay(): Transform {
    const { settings } = this;
    let due: Promise<void> = Promise.resolve();
    const later = (act: () => void) => {
      const { networkDelayMs } = settings;
      if (networkDelayMs === 0) { due = due.then(act); return; }
      const time = new Promise<void>((resolve) => { setTimeout(resolve, networkDelayMs); });
      due = Promise.all([due, time]).then(act);
    };
    return new Transform({
      highWaterMark: 8 << 20,
      transform(chunk: Buffer, _, done) { later(() => this.push(chunk)); done(); },
      flush(done) { later(() => done()); },
    });
  }
}
