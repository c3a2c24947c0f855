import type { Readable, Writable } from 'stream';
import { PassThrough } from 'stream';
import { asRoot, connectionLost, signalNumber } from './remote-command';
import type { SshConnection } from './ssh-connection';
import { GoldenError } from '../../errors';
import { quote } from '../../plan/shell';
import type { Attachment, Terminal } from '../../ports/attachment';

const OPEN_MS = 30_000;

/** Starts a command in a terminal that the server of the machine makes. When its channel ends, the terminal does, and all in it. */
export async function startInTerminal(connection: SshConnection, command: string, user: string, terminal: Terminal): Promise<Attachment> {
  const { client } = await connection.ready({ timeoutMs: OPEN_MS });
  const { columns: cols, rows, type: term } = terminal;
  return new Promise((resolve, reject) => {
    client.exec(asRoot(`sh -c ${quote(`cd "$HOME"; ${command}`)}`, user), { pty: { term, cols, rows } }, (error, channel) => {
      if (error) {
        reject(new GoldenError('connection-lost', `The machine gave no terminal: ${error.message}`, { cause: error }));
        return;
      }
      let exitCode: number | undefined;
      channel.on('error', () => { /* its end says the same */ });
      channel.once('exit', (code: number | null, signal?: string) => { exitCode = code ?? 128 + signalNumber(signal); });
      const ended = new Promise<number>((settle, fail) => {
        channel.once('close', () => (exitCode === undefined ? fail(connectionLost()) : settle(exitCode)));
      });
      ended.catch(() => { /* whoever waits for it is told */ });
      channel.stderr.resume();
      resolve({
        stdin: channel as Writable,
        stdout: channel as Readable,
        stderr: new PassThrough().end(),
        ended,
        resize: (size) => { channel.setWindow(size.rows, size.columns, 0, 0); },
        end: async () => { channel.close(); },
      });
    });
  });
}
