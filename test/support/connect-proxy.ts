import { createServer, type Server } from 'http';
import { connect, type AddressInfo, type Socket } from 'net';

export interface ConnectProxy {
  readonly port: number;
  /** What it was asked to connect to, in order: `localhost:443`. */
  readonly asked: string[];
  /** Cuts every connection there is. */
  readonly drop: () => void;
  readonly stop: () => Promise<void>;
}

/** An HTTP proxy on loopback that only knows CONNECT. */
export async function startConnectProxy(account?: { readonly user: string; readonly password: string }): Promise<ConnectProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const expected = account && `Basic ${Buffer.from(`${account.user}:${account.password}`).toString('base64')}`;
  const server: Server = createServer((_request, response) => { response.writeHead(405).end(); });
  server.on('connect', (request, socket, head) => {
    asked.push(request.url!);
    sockets.add(socket as Socket);
    socket.on('error', () => undefined);
    if (expected && request.headers['proxy-authorization'] !== expected) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const target = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.write(head);
      socket.pipe(target).pipe(socket);
    });
    sockets.add(target);
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  const drop = () => { for (const socket of sockets) { socket.destroy(); } };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    drop,
    stop: async () => {
      drop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
