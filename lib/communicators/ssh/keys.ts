import { utils } from 'ssh2';

/** An ed25519 key, in OpenSSH's formats. Lives in memory only. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/**
 * Makes a key.
 * ssh2 1.17 drops leading zeros, so that about 3 keys of 1000 have a public half which is not that of the private one; those are not taken.
 */
export function freshKey(): KeyPair {
  for (;;) {
    const pair = utils.generateKeyPairSync('ed25519');
    if (belongTogether(pair.private, pair.public)) { return { privateKey: pair.private, publicKey: pair.public }; }
  }
}

/** The bytes that a server presents for a public key in OpenSSH's format. */
export function publicKeyBytes(publicKey: string): Buffer {
  return Buffer.from(publicKey.split(' ')[1], 'base64');
}

function belongTogether(privateText: string, publicText: string): boolean {
  const secret = utils.parseKey(privateText);
  const open = utils.parseKey(publicText);
  if (secret instanceof Error || open instanceof Error) { return false; }
  const probe = Buffer.from('probe');
  return open.verify(probe, secret.sign(probe)) === true;
}
