import { createServer, type AddressInfo, type Server, type Socket } from 'net';
import { dialSsh } from '../../../lib/hosts/sandbox/forwarded-port';

describe('dialling a machine that boots', () => {
  let server: Server;
  let port: number;
  /** What happens to each further connection; the last one to all that follow. */
  let answers: ((socket: Socket) => void)[];
  beforeEach(async () => {
    server = createServer((socket) => (answers.length > 1 ? answers.shift()! : answers[0])(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => server.close());

  const hangUp = (socket: Socket) => socket.destroy();
  const sayNothing = () => undefined;
  const greet = (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n');

  test('goes on until an SSH server greets, and leaves the greeting to be read', async () => {
    answers = [hangUp, hangUp, (socket) => socket.end('HTTP/1.1 400\r\n'), greet];
    const stream = await dialSsh(port, { timeoutMs: 10_000 });
    let text = '';
    for await (const data of stream) { text += data; }
    expect(text).toBe('SSH-2.0-OpenSSH_9.2\r\n');
  });

  test('gives up a connection that QEMU took and nobody answers', async () => {
    answers = [sayNothing, greet];
    (await dialSsh(port, { timeoutMs: 10_000 })).destroy();
  });

  test('ends at the deadline', async () => {
    answers = [sayNothing];
    const begun = Date.now();
    await expect(dialSsh(port, { timeoutMs: 500 })).rejects.toMatchObject({ code: 'timed-out' });
    expect(Date.now() - begun).toBeLessThan(2000);
  });

  test('ends when it is called off', async () => {
    answers = [sayNothing];
    await expect(dialSsh(port, { timeoutMs: 60_000, signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ code: 'interrupted' });
  });
});
