import { execFileSync } from 'child_process';
import { createHash } from 'crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { createServer } from 'http';
import { createServer as createHttps } from 'https';
import type { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { unpackRootTar } from '../../../lib/hosts/sandbox/root-tar-source';
import { output } from '../../../lib/process';
import { PROJECT } from '../../support/golden';
import { privateCertificate } from '../../support/private-certificate';

let folder: string;
let tar: string;
let sha256: string;
const signal = new AbortController().signal;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golden-root-tar-'));
  mkdirSync(join(folder, 'content', 'etc'), { recursive: true });
  mkdirSync(join(folder, 'base'));
  writeFileSync(join(folder, 'content', 'etc', 'hostname'), 'from a tar\n', { mode: 0o640 });
  tar = join(folder, 'root.tar.gz');
  execFileSync('tar', ['-C', join(folder, 'content'), '-czf', tar, '.']);
  sha256 = createHash('sha256').update(readFileSync(tar)).digest('hex');
});
afterEach(() => rmSync(folder, { recursive: true }));

const unpack = (location: string, digest = sha256) => unpackRootTar({ type: 'rootTar', location, sha256: digest }, join(folder, 'base'), { signal });
const unpacked = () => readFileSync(join(folder, 'base', 'root', 'etc', 'hostname'), 'utf8');

async function served(answer: (path: string) => { status: number; body?: Buffer }, act: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    const { status, body } = answer(request.url!);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await act(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).finally(() => server.close());
}

test('a root tar is unpacked from a path, compressed as it is', async () => {
  await unpack(tar);
  expect(unpacked()).toBe('from a tar\n');
  expect(existsSync(join(folder, 'base', 'root.tar'))).toBe(false);
});

test('a root tar is unpacked from a URL', async () => {
  await served(() => ({ status: 200, body: readFileSync(tar) }), (url) => unpack(`${url}/root.tar.gz`));
  expect(unpacked()).toBe('from a tar\n');
});

test('one with another SHA-256 is refused, and nothing of it is unpacked', async () => {
  await expect(unpack(tar, '0'.repeat(64))).rejects.toMatchObject({ code: 'wrong-checksum', message: expect.stringContaining(sha256) });
  expect(existsSync(join(folder, 'base', 'root'))).toBe(false);
});

test('one that is not there is named, with what was answered', async () => {
  await expect(unpack('/no/such.tar')).rejects.toMatchObject({ code: 'root-tar-unreadable', message: expect.stringContaining('/no/such.tar') });
  await served(() => ({ status: 404 }), async (url) => {
    await expect(unpack(`${url}/x`)).rejects.toMatchObject({ code: 'root-tar-unreadable', message: expect.stringContaining('404') });
  });
});

test('one that ends in the middle is no fault of ours', async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': 1_000_000 });
    response.write('x', () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/root.tar`;
  await expect(unpack(url)).rejects.toMatchObject({ code: 'root-tar-unreadable', message: expect.stringContaining(`${url} cannot be read: it ended in the middle: `) });
  server.close();
});

test('one of a server that is not reached says where to look', async () => {
  let gone = '';
  await served(() => ({ status: 200 }), async (url) => { gone = `${url}/root.tar`; });
  await expect(unpack(gone)).rejects.toMatchObject({ message: expect.stringContaining('ECONNREFUSED'), hint: expect.stringContaining(`This computer does not reach ${gone}: look at its network`) });
  await expect(unpack('https://nowhere.invalid/root.tar')).rejects.toMatchObject({ message: expect.stringContaining('getaddrinfo'), hint: expect.stringContaining('its resolver') });
});

test.each([['+1y', 'not yet valid'], ['-1y', 'expired']])('one whose server has a certificate of another time (%s) says what the clock says', async (shift, said) => {
  const { key, certificate, authority, remove } = await privateCertificate(shift);
  const server = createHttps({ key, cert: certificate }, (_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const program = `
    const { unpackRootTar } = require('./lib/hosts/sandbox/root-tar-source.ts');
    unpackRootTar({ location: 'https://localhost:${port}/root.tar' }, ${JSON.stringify(folder)}, { signal: new AbortController().signal })
      .catch(({ message, hint }) => console.log(message + ' | ' + hint));`;
  const told = await output(['node', '--require', 'tsx/cjs', '--eval', program], { cwd: PROJECT, env: { ...process.env, NODE_EXTRA_CA_CERTS: authority } });
  expect(told).toMatch(new RegExp(`^https://localhost:${port}/root\\.tar cannot be read: CERT_\\w+ certificate .*${said} \\| The clock of this computer says 20`));
  server.close();
  remove();
});
