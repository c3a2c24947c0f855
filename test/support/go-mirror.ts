import { createHash } from 'crypto';
import { createReadStream } from 'fs';
import { createServer } from 'http';
import type { AddressInfo } from 'net';
import { basename } from 'path';
import { goArchive } from './go-archive';

export interface GoMirror {
  /** As a machine on the sandbox host sees this machine's loopback. */
  readonly urlFromMachine: string;
  readonly sha256: string;
  close(): void;
}

/** Serves an archive of Go from loopback, under the name that it has at https://go.dev/dl. */
export async function startGoMirror(): Promise<GoMirror> {
  const archive = await goArchive();
  const sha256 = await digest(archive);
  const server = createServer((request, response) => {
    if (request.url !== `/${basename(archive)}`) { response.writeHead(404).end(); return; }
    response.writeHead(200, { 'content-type': 'application/gzip' });
    createReadStream(archive).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { urlFromMachine: `http://10.0.2.2:${port}`, sha256, close: () => { server.closeAllConnections(); server.close(); } };
}

function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  return new Promise((resolve, reject) => {
    createReadStream(file).on('data', (data) => hash.update(data)).on('end', () => resolve(hash.digest('hex'))).on('error', reject);
  });
}
