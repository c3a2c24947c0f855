import { oddTexts } from './odd-texts';
import type { Fault } from '../../errors';
import type { DeliverySpec } from '../../plan/delivery';
import type { LateValue } from '../../plan/values';

/** Which keys a user gave, be they good or not. */
export interface GivenKeys {
  readonly home: boolean;
  readonly regions: readonly string[];
}

/** What is wrong with whom an image is shared with, and with the keys that they would need. */
export function sharingFaults(delivery: Omit<DeliverySpec, 'parameterName'>, given: GivenKeys): Fault[] {
  return [...formFaults(delivery), ...keyFaults(delivery, given), ...publicFaults(delivery, given), ...encryptionFaults(delivery, given)];
}

function formFaults({ sharing: { accounts, organizations, organizationalUnits, snapshots } }: Omit<DeliverySpec, 'parameterName'>): Fault[] {
  return [
    ...oddTexts(/^[0-9]{12}$/, accounts).map((text) => ({
      code: 'invalid-account', message: `${text} is not the number of an account`, hint: 'Give its 12 digits.',
    })),
    ...oddTexts(/^arn:aws[a-z-]*:organizations::[0-9]{12}:organization\/o-[a-z0-9]{10,32}$/, organizations).map((text) => ({
      code: 'invalid-arn', message: `${text} is not the ARN of an organisation`, hint: 'Give one such as arn:aws:organizations::111122223333:organization/o-a1b2c3d4e5.',
    })),
    ...oddTexts(/^arn:aws[a-z-]*:organizations::[0-9]{12}:ou\/o-[a-z0-9]{10,32}\/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}$/, organizationalUnits).map((text) => ({
      code: 'invalid-arn',
      message: `${text} is not the ARN of an organisational unit`,
      hint: 'Give one such as arn:aws:organizations::111122223333:ou/o-a1b2c3d4e5/ou-ab12-1a2b3c4d.',
    })),
    ...(snapshots && accounts.length === 0 ? [{
      code: 'nobody-to-share-with', message: 'shareSnapshots is set, and there are no accounts', hint: 'Snapshots are shared with accounts only: give some, or leave it out.',
    }] : []),
  ];
}

/** AWS shares nothing that is encrypted with the default key of an account. */
function keyFaults({ sharing, encryption, regions }: Omit<DeliverySpec, 'parameterName'>, given: GivenKeys): Fault[] {
  const shared = [...sharing.accounts, ...sharing.organizations, ...sharing.organizationalUnits].length > 0;
  if (!shared || !encryption.encrypted) { return []; }
  const fault = (where: string, hint: string): Fault => ({
    code: 'default-key', message: `The image is shared, and ${where} it is encrypted with the default key of the account, which nobody else can use`, hint,
  });
  const own = (hasKey: boolean, key: LateValue | undefined) => hasKey && !isDefaultKey(key);
  return [
    ...(own(given.home, encryption.key) ? [] : [
      fault('where it is built', 'Give a key of yours as encryptionKey and let the others use it (keyGrants), or do not encrypt it: encrypted: false.'),
    ]),
    ...regions.filter(({ region, encryptionKey }) => !own(given.regions.includes(region), encryptionKey)).map(({ region }) => (
      fault(`in ${region}`, `Give a key of yours that is in ${region}: distribution: { encryptionKeys: { '${region}': key } }.`)
    )),
  ];
}

function publicFaults({ sharing, encryption, regions }: Omit<DeliverySpec, 'parameterName'>, given: GivenKeys): Fault[] {
  const encrypted = encryption.encrypted || regions.some(({ region }) => given.regions.includes(region));
  if (!sharing.public || !encrypted) { return []; }
  return [{
    code: 'public-and-encrypted',
    message: 'The image is for everybody, and encrypted: AWS lets nobody launch such a one',
    hint: 'Do not encrypt it (encrypted: false, and no encryptionKeys), or name the accounts that may launch it.',
  }];
}

function encryptionFaults({ encryption, regions }: Omit<DeliverySpec, 'parameterName'>, given: GivenKeys): Fault[] {
  const copies = regions.map(({ region }) => region);
  return [
    ...(given.home && !encryption.encrypted ? [{
      code: 'conflicting-options', message: 'The image has an encryptionKey, and encrypted is false', hint: 'Leave one of them out.',
    }] : []),
    ...given.regions.filter((region) => !copies.includes(region)).map((region) => ({
      code: 'unknown-region',
      message: `distribution.encryptionKeys has a key for ${region}, where the image is not copied to`,
      hint: 'Name the region in distribution.regions. The key of the region that builds is encryptionKey.',
    })),
    ...regions.flatMap(({ region, encryptionKey }) => {
      const actual = encryptionKey?.type === 'literal' ? /^arn:[^:]+:kms:([^:]+):/.exec(encryptionKey.value)?.[1] : undefined;
      return actual === undefined || actual === region ? [] : [{
        code: 'wrong-region', message: `The key for ${region} is in ${actual}`, hint: 'Give a key of that region.',
      }];
    }),
  ];
}

function isDefaultKey(key: LateValue | undefined): boolean {
  return key?.type === 'literal' && key.value.endsWith('alias/aws/ebs');
}
