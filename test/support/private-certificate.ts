import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { output } from '../../lib/process';

export interface PrivateCertificate {
  /** File with the certificate of the authority. */
  readonly authority: string;
  readonly key: Buffer;
  readonly certificate: Buffer;
  readonly remove: () => void;
}

/**
 * A certificate for `localhost`, of an authority that nobody knows.
 * @param shift how far from now it is made, as faketime(1) takes it: `+1y`. It is valid for two days
 */
export async function privateCertificate(shift?: string): Promise<PrivateCertificate> {
  const folder = mkdtempSync(join(tmpdir(), 'golden-certificate-'));
  const openssl = (...args: string[]) => output([...shift ? ['faketime', '-f', shift] : [], 'openssl', ...args], { cwd: folder });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  await openssl('req', '-x509', ...curve, '-keyout', 'authority.key', '-out', 'authority.pem', '-days', '2', '-subj', '/CN=Private authority');
  await openssl('req', ...curve, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  await openssl('x509', '-req', '-in', 'server.csr', '-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', 'server.pem');
  return {
    authority: join(folder, 'authority.pem'),
    key: readFileSync(join(folder, 'server.key')),
    certificate: readFileSync(join(folder, 'server.pem')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
