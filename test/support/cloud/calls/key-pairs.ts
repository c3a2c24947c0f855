import { createHash, generateKeyPair } from 'crypto';
import { utils } from 'ssh2';
import { newId } from '../ids';
import { ApiError } from '../protocol/api-error';
import type { KeyPair } from '../records';
import { filters } from '../selection';
import { tagSet, tagSpecifications } from '../tagging';
import { action, isVisible, type Call } from '../world';
import { required } from './lookup';
import { freshKey } from '../../../../lib/communicators/ssh/keys';

export const KEY_PAIR_CALLS = {
  CreateKeyPair: action('KeyName KeyType KeyFormat TagSpecification', async (call) => {
    const name = freeName(call);
    const keyType = call.input.text('KeyType') ?? 'rsa';
    if (keyType !== 'rsa' && keyType !== 'ed25519') { throw new ApiError('InvalidParameterValue', `Value (${keyType}) for parameter keyType is invalid.`); }
    const { privateKey, publicKey } = keyType === 'rsa' ? await makeRsa() : freshKey();
    const pair = keep(call, name, keyType, publicKey);
    return { keyPairId: pair.id, keyName: name, keyFingerprint: pair.fingerprint, keyMaterial: privateKey, tagSet: tagSet(pair.tags) };
  }),

  ImportKeyPair: action('KeyName PublicKeyMaterial TagSpecification', (call) => {
    const name = freeName(call);
    const text = Buffer.from(required(call, 'PublicKeyMaterial'), 'base64').toString().trim();
    const parsed = utils.parseKey(text);
    if (parsed instanceof Error || Array.isArray(parsed)) { throw new ApiError('InvalidKey.Format', 'Key is not in valid OpenSSH public key format'); }
    const keyType = parsed.type === 'ssh-ed25519' ? 'ed25519' : parsed.type === 'ssh-rsa' ? 'rsa' : undefined;
    if (!keyType) { throw new ApiError('InvalidKey.Format', 'Key is not of a supported type'); }
    const pair = keep(call, name, keyType, text);
    return { keyPairId: pair.id, keyName: name, keyFingerprint: pair.fingerprint, tagSet: tagSet(pair.tags) };
  }),

  DeleteKeyPair: action('KeyName KeyPairId', (call) => {
    const { input, region } = call;
    const pair = mine(call).find(({ id, name }) => id === input.text('KeyPairId') || name === input.text('KeyName'));
    // One that is not there is no error.
    if (pair) { region.keyPairs.delete(pair.id); }
    return { return: true, keyPairId: pair?.id };
  }),

  DescribeKeyPairs: action('KeyName KeyPairId Filter IncludePublicKey', (call) => {
    const { input, world } = call;
    const passes = filters<KeyPair>(input, { 'key-name': ({ name }) => [name], 'key-pair-id': ({ id }) => [id], 'fingerprint': ({ fingerprint }) => [fingerprint] });
    const known = mine(call).filter(({ createdAt }) => isVisible(world, createdAt));
    const pick = (values: readonly string[], key: 'id' | 'name') => values.map((value) => {
      const pair = known.find((one) => one[key] === value);
      if (!pair) { throw new ApiError('InvalidKeyPair.NotFound', `The key pair '${value}' does not exist`); }
      return pair;
    });
    const named = [...pick(input.texts('KeyName'), 'name'), ...pick(input.texts('KeyPairId'), 'id')];
    return {
      keySet: (named.length > 0 ? named : known).filter(passes).map((pair) => ({
        keyPairId: pair.id,
        keyName: pair.name,
        keyFingerprint: pair.fingerprint,
        keyType: pair.keyType,
        createTime: new Date(pair.createdAt),
        publicKey: input.flag('IncludePublicKey') ? pair.publicKey : undefined,
        tagSet: tagSet(pair.tags),
      })),
    };
  }),
};

function mine({ region, account }: Call): KeyPair[] {
  return [...region.keyPairs.values()].filter(({ owner }) => owner === account);
}

function freeName(call: Call): string {
  const name = required(call, 'KeyName');
  if (mine(call).some((pair) => pair.name === name)) { throw new ApiError('InvalidKeyPair.Duplicate', `The keypair already exists: ${name}`); }
  return name;
}

function keep(call: Call, name: string, keyType: 'rsa' | 'ed25519', publicKey: string): KeyPair {
  const tags = tagSpecifications(call.input, ['key-pair'])('key-pair');
  const blob = Buffer.from(publicKey.split(/\s+/)[1], 'base64');
  const fingerprint = keyType === 'ed25519'
    ? createHash('sha256').update(blob).digest('base64')
    : createHash('md5').update(blob).digest('hex').replace(/(..)(?!$)/g, '$1:');
  const pair: KeyPair = { id: newId('key'), owner: call.account, createdAt: call.world.clock.now(), tags, name, publicKey, keyType, fingerprint };
  call.region.keyPairs.set(pair.id, pair);
  return pair;
}

function makeRsa(): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  return new Promise((resolve, reject) => {
    generateKeyPair('rsa', {
      modulusLength: 2048, privateKeyEncoding: { type: 'pkcs1', format: 'pem' }, publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    }, (error, _publicKey, privateKey) => {
      if (error) { reject(error); return; }
      const parsed = utils.parseKey(privateKey);
      if (parsed instanceof Error) { reject(parsed); return; }
      resolve({ privateKey, publicKey: `ssh-rsa ${parsed.getPublicSSH().toString('base64')}` });
    });
  });
}
