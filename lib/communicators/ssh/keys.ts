import { utils } from 'ssh2';

/** An ed25519 key, in OpenSSH's formats. Lives in memory only. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** What OpenSSH's format of a public half takes: the name of the algorithm and 32 bytes, each behind its length. */
const PUBLIC_BYTES = 4 + 'ssh-ed25519'.length + 4 + 32;

/**
 * Makes a key.
 * ssh2 1.17 drops leading zeros, so that about 4 keys of 1000 have a public half which is a byte short; those are not taken.
 */
export function freshKey(): KeyPair {
  for (;;) {
    const pair = utils.generateKeyPairSync('ed25519');
    if (publicKeyBytes(pair.public).length === PUBLIC_BYTES) { return { privateKey: pair.private, publicKey: pair.public }; }
  }
}

/** The bytes that a server presents for a public key in OpenSSH's format. */
export function publicKeyBytes(publicKey: string): Buffer {
  return Buffer.from(publicKey.split(' ')[1], 'base64');
}
