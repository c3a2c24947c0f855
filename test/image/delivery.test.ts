import { App, Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import { declareImage, faultsOf, newStack } from './declaration';
import type { AmiImageProps } from '../../lib/image/ami-image-props';
import { DeregistrationProtection, type DistributionOptions } from '../../lib/image/distribution-options';

const env = { account: '111122223333', region: 'eu-west-1' };
const ORGANISATION = 'arn:aws:organizations::111122223333:organization/o-a1b2c3d4e5';
const UNIT = 'arn:aws:organizations::111122223333:ou/o-a1b2c3d4e5/ou-ab12-1a2b3c4d';

const keyArn = (region: string) => `arn:aws:kms:${region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const keyIn = (stack: Stack, region = 'eu-west-1') => kms.Key.fromKeyArn(stack, `Key-${region}`, keyArn(region));
type Props = Partial<AmiImageProps>;
const deliveryOf = (props: Props, stack: Stack = newStack({ env })) => JSON.parse(JSON.stringify(declareImage(props, stack)._plan().delivery));
const faults = (props: Props | ((stack: Stack) => Props)) => {
  const stack = newStack({ env });
  return faultsOf(declareImage(typeof props === 'function' ? props(stack) : props, stack)).map(({ code, message }) => [code, message]);
};

test('without options it stays where it is built, encrypted, for nobody else, with IMDSv2 only', () => {
  const image = declareImage({}, newStack({ env }));
  expect(JSON.parse(JSON.stringify(image._plan().delivery))).toEqual({
    name: 'Stack-Image',
    parameterName: image.parameterName,
    tags: {},
    regions: [],
    encryption: { encrypted: true },
    sharing: { accounts: [], organizations: [], organizationalUnits: [], public: false, snapshots: false },
    imdsV2: true,
  });
});

test('everything that is said of it is in the plan', () => {
  const stack = newStack({ env });
  expect(deliveryOf({
    imageName: 'web',
    description: 'Serves the web',
    encryptionKey: keyIn(stack),
    distribution: {
      regions: ['us-east-1', 'eu-central-1'],
      encryptionKeys: { 'us-east-1': keyIn(stack, 'us-east-1'), 'eu-central-1': kms.Alias.fromAliasName(stack, 'Alias', 'alias/images') },
      accounts: ['444455556666'],
      organizationArns: [ORGANISATION],
      organizationalUnitArns: [UNIT],
      shareSnapshots: true,
      deprecateAfter: Duration.days(90),
      deregistrationProtection: DeregistrationProtection.ENABLED_WITH_COOLDOWN,
      requireImdsv2: false,
      tags: { team: 'web' },
    },
  }, stack)).toMatchObject({
    name: 'web',
    description: 'Serves the web',
    tags: { team: 'web' },
    regions: [
      { region: 'us-east-1', encryptionKey: { type: 'literal', value: keyArn('us-east-1') } },
      { region: 'eu-central-1', encryptionKey: { type: 'literal', value: 'alias/images' } },
    ],
    encryption: { encrypted: true, key: { type: 'literal', value: keyArn('eu-west-1') } },
    sharing: { accounts: ['444455556666'], organizations: [ORGANISATION], organizationalUnits: [UNIT], public: false, snapshots: true },
    deprecateAfterDays: 90,
    deregistrationProtection: 'enabled-with-cooldown',
    imdsV2: false,
  });
});

test('where it goes is no part of what it is', () => {
  const [here, there] = [declareImage({}), declareImage({ distribution: { regions: ['us-east-1'] } })];
  expect(there.definitionHash).toBe(here.definitionHash);
  expect(there._plan().deliveryHash).not.toBe(here._plan().deliveryHash);
});

test('a region that is named twice, or builds it, is no further copy', () => {
  expect(deliveryOf({ distribution: { regions: ['us-east-1', 'eu-west-1', 'us-east-1'] } }).regions).toEqual([{ region: 'us-east-1' }]);
});

describe('a key', () => {
  test('of another stack is read from an output of that stack, and of another region from there', () => {
    const app = new App();
    const home = new kms.Key(new Stack(app, 'Keys', { env }), 'Key');
    const away = new kms.Key(new Stack(app, 'KeysAway', { env: { ...env, region: 'us-east-1' } }), 'Key');
    const stack = new Stack(app, 'Images', { env });
    expect(deliveryOf({ encryptionKey: home, distribution: { regions: ['us-east-1'], encryptionKeys: { 'us-east-1': away } } }, stack)).toMatchObject({
      encryption: { key: { type: 'stackOutput', stack: 'Keys', output: expect.stringMatching(/^GoldenImageKeysKey.*Arn$/) } },
      regions: [{ region: 'us-east-1', encryptionKey: { type: 'stackOutput', stack: 'KeysAway', region: 'us-east-1' } }],
    });
    app.synth();
  });

  test('of its own stack is refused', () => {
    expect(faults((stack) => ({ encryptionKey: new kms.Key(stack, 'Key') }))).toEqual([
      ['token', 'encryptionKey is Stack/Key/Resource, of the image\'s own stack: that is deployed after the image is built'],
    ]);
  });

  test('that is looked up does not fail the first synthesis, before its ID is known', () => {
    const stack = newStack({ env });
    const key = kms.Key.fromLookup(stack, 'Key', { aliasName: 'alias/images' });
    expect(faultsOf(declareImage({ encryptionKey: key, distribution: { accounts: ['444455556666'] } }, stack))).toEqual([]);
  });
});

describe('sharing what is encrypted', () => {
  const shared: ReadonlyArray<[string, DistributionOptions]> = [
    ['accounts', { accounts: ['444455556666'] }], ['organisations', { organizationArns: [ORGANISATION] }], ['units', { organizationalUnitArns: [UNIT] }],
  ];

  test.each(shared)('with %s is a fault with the default key, where it is built and in each region', (_, distribution) => {
    expect(faults({ distribution: { ...distribution, regions: ['us-east-1'] } })).toEqual([
      ['default-key', 'The image is shared, and where it is built it is encrypted with the default key of the account, which nobody else can use'],
      ['default-key', 'The image is shared, and in us-east-1 it is encrypted with the default key of the account, which nobody else can use'],
    ]);
  });

  test.each(shared)('with %s works with keys of one\'s own', (_, distribution) => {
    expect(faults((stack) => ({
      encryptionKey: keyIn(stack),
      distribution: { ...distribution, regions: ['us-east-1'], encryptionKeys: { 'us-east-1': keyIn(stack, 'us-east-1') } },
    }))).toEqual([]);
  });

  test('by the alias of the default key is a fault, too', () => {
    expect(faults((stack) => ({ encryptionKey: kms.Alias.fromAliasName(stack, 'Alias', 'alias/aws/ebs'), distribution: { accounts: ['444455556666'] } })))
      .toEqual([['default-key', expect.stringContaining('where it is built')]]);
  });

  test('tells only of the key where the key itself cannot be', () => {
    expect(faults((stack) => ({ encryptionKey: new kms.Key(stack, 'Key'), distribution: { accounts: ['444455556666'] } })).map(([code]) => code)).toEqual(['token']);
  });

  test('with everybody is a fault', () => {
    expect(faults({ distribution: { publiclyAccessible: true } }).map(([code]) => code)).toEqual(['public-and-encrypted']);
    expect(faults({ encrypted: false, distribution: { publiclyAccessible: true } })).toEqual([]);
  });
});

test('an image that is not encrypted can be shared without a key', () => {
  expect(faults({ encrypted: false, distribution: { accounts: ['444455556666'], regions: ['us-east-1'] } })).toEqual([]);
});

test.each<[string, Props | ((stack: Stack) => Props), string]>([
  ['a key without encryption', (stack) => ({ encrypted: false, encryptionKey: keyIn(stack) }), 'conflicting-options'],
  ['a key for a region that it does not go to', (stack) => ({ distribution: { encryptionKeys: { 'us-east-1': keyIn(stack, 'us-east-1') } } }), 'unknown-region'],
  ['a key of another region', (stack) => ({ distribution: { regions: ['us-east-1'], encryptionKeys: { 'us-east-1': keyIn(stack) } } }), 'wrong-region'],
  ['an organisation by its ID', { encrypted: false, distribution: { organizationArns: ['o-a1b2c3d4e5'] } }, 'invalid-arn'],
  ['an organisation instead of a unit', { encrypted: false, distribution: { organizationalUnitArns: [ORGANISATION] } }, 'invalid-arn'],
  ['snapshots for nobody', { distribution: { shareSnapshots: true } }, 'nobody-to-share-with'],
  ['no time until it is deprecated', { distribution: { deprecateAfter: Duration.days(0) } }, 'invalid-deprecation'],
  ['half a day until it is deprecated', { distribution: { deprecateAfter: Duration.hours(12) } }, 'invalid-deprecation'],
  ['eleven years until it is deprecated', { distribution: { deprecateAfter: Duration.days(11 * 365) } }, 'invalid-deprecation'],
  ['three years, for everybody', { encrypted: false, distribution: { publiclyAccessible: true, deprecateAfter: Duration.days(3 * 365) } }, 'invalid-deprecation'],
  ['a time of a token', { distribution: { deprecateAfter: Duration.days(Lazy.number({ produce: () => 1 })) } }, 'token'],
  ['the ARN of a role', { distribution: { deliveryRoleName: 'arn:aws:iam::111122223333:role/images' } }, 'invalid-name'],
  ['the name of a role of a token', { distribution: { deliveryRoleName: Lazy.string({ produce: () => 'a' }) } }, 'token'],
  ['a tag of our own', { distribution: { tags: { 'golden:state': 'published' } } }, 'invalid-tag'],
  ['more tags than fit beside ours', { distribution: { tags: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`tag${i}`, 'x'])) } }, 'too-many-tags'],
])('%s is a fault', (_, props, code) => {
  expect(faults(props).map(([first]) => first)).toEqual([code]);
});
