import { DescribeImageAttributeCommand, DescribeImagesCommand, DescribeSnapshotAttributeCommand, type Image } from '@aws-sdk/client-ec2';
import { ec2Plan, REGION } from './ec2-fixture';
import { startImages, type ImageFixture } from './image-fixture';
import { guardSharing } from '../../../lib/hosts/ec2/sharing-guard';
import type { DeliverySpec } from '../../../lib/plan/delivery';
import type { Plan } from '../../../lib/plan/model';
import { sampleDelivery } from '../../support/sample-plan';

let ec2: ImageFixture;
beforeAll(async () => { ec2 = await startImages(); });
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

const ACCOUNT = '111122223333';
const ORGANIZATION = 'arn:aws:organizations::111122223333:organization/o-a1b2c3d4e5';
const UNIT = 'arn:aws:organizations::111122223333:ou/o-a1b2c3d4e5/ou-ab12-cdefghij';
/** What is encrypted with the key of the account cannot be shared. */
const UNENCRYPTED = { encryption: { encrypted: false } };
const calls = (action: string) => ec2.aws.calls.filter((call) => call.action === action);

function plan(delivery: Partial<DeliverySpec> = {}): Plan {
  return ec2Plan({ delivery: { regions: [{ region: 'eu-west-1' }], ...delivery } });
}

function sharing(changes: Partial<DeliverySpec['sharing']>): DeliverySpec['sharing'] {
  return { ...sampleDelivery.sharing, ...changes };
}

async function images(region: string): Promise<readonly Image[]> {
  const { Images = [] } = await ec2.cloud.clients.ec2(region).send(new DescribeImagesCommand({ Owners: ['self'] }));
  return Images;
}

async function permissions(region: string, ImageId: string) {
  const { LaunchPermissions } = await ec2.cloud.clients.ec2(region).send(new DescribeImageAttributeCommand({ ImageId, Attribute: 'launchPermission' }));
  return LaunchPermissions;
}

describe('an image that is shared', () => {
  test('may be launched by those whom the plan names, its copies too, and their snapshots read', async () => {
    const { id } = await ec2.publish(plan({
      ...UNENCRYPTED, sharing: sharing({ accounts: [ACCOUNT], organizations: [ORGANIZATION], organizationalUnits: [UNIT], snapshots: true }),
    }));
    const expected = [{ UserId: ACCOUNT }, { OrganizationArn: ORGANIZATION }, { OrganizationalUnitArn: UNIT }];
    const [copy] = await images('eu-west-1');
    for (const [region, imageId] of [[REGION, id], ['eu-west-1', copy.ImageId!]]) {
      const found = await permissions(region, imageId);
      expect(found).toHaveLength(3);
      expect(found).toEqual(expect.arrayContaining(expected));
    }
    const SnapshotId = copy.BlockDeviceMappings![0].Ebs!.SnapshotId!;
    const { CreateVolumePermissions } = await ec2.cloud.clients.ec2('eu-west-1').send(new DescribeSnapshotAttributeCommand({ SnapshotId, Attribute: 'createVolumePermission' }));
    expect(CreateVolumePermissions).toEqual([{ UserId: ACCOUNT }]);
  });

  test('with everybody has to be allowed to be', async () => {
    ec2.aws.settings.blockPublicImages = true;
    const open = plan({ ...UNENCRYPTED, regions: [], sharing: sharing({ public: true }) });
    await expect(ec2.publish(open)).rejects.toMatchObject({ code: 'public-access-blocked', hint: expect.stringContaining('disable-image-block-public-access') });
    ec2.aws.settings.blockPublicImages = false;
    const { id } = await ec2.publish(open, {}, { buildId: 'b2' });
    expect(await permissions(REGION, id)).toEqual([{ Group: 'all' }]);
  });

  test('is shared in chunks of 500 where the accounts are many', async () => {
    const accounts = Array.from({ length: 501 }, (_, index) => String(100_000_000_000 + index));
    await ec2.publish(plan({ ...UNENCRYPTED, regions: [], sharing: sharing({ accounts, snapshots: true }) }));
    expect(calls('ModifySnapshotAttribute')).toHaveLength(2);
  });
});

describe('before a machine is launched', () => {
  const guard = (delivery: Partial<DeliverySpec>) => guardSharing(ec2.cloud, REGION, plan(delivery), ec2.context.signal);
  const shared = sharing({ organizations: [ORGANIZATION] });
  const open = sharing({ public: true });

  test('nothing is asked where nothing is shared, or all is encrypted with keys of the plan', async () => {
    ec2.aws.calls.length = 0;
    await guard(UNENCRYPTED);
    await guard({ sharing: shared });
    expect(ec2.aws.calls).toEqual([]);
  });

  test('it is known where the account blocks public images', async () => {
    ec2.aws.settings.blockPublicImages = true;
    await expect(guard({ ...UNENCRYPTED, sharing: open })).rejects.toMatchObject({ code: 'public-access-blocked' });
    await guard({ ...UNENCRYPTED, sharing: shared });
  });

  test('it is known where the account encrypts what the plan does not, in the region of a copy, too', async () => {
    ec2.aws.settings.encryptionByDefault = ['eu-west-1'];
    await expect(guard({ ...UNENCRYPTED, sharing: shared })).rejects.toMatchObject({
      code: 'encrypted-by-default', path: 'Stack/Web', message: expect.stringContaining('in eu-west-1'), hint: expect.stringContaining('encryptionKeys'),
    });
    await expect(guard({ ...UNENCRYPTED, sharing: open })).rejects.toMatchObject({ code: 'encrypted-by-default', hint: expect.stringContaining('disable-ebs-encryption-by-default --region eu-west-1') });
    await guard({ ...UNENCRYPTED, regions: [], sharing: shared });
    await guard({ ...UNENCRYPTED, regions: [{ region: 'eu-west-1', encryptionKey: { type: 'literal', value: 'alias/mine' } }], sharing: shared });
  });

  test('a default key of the customer lets it be shared with accounts, and with everybody not', async () => {
    Object.assign(ec2.aws.settings, { encryptionByDefault: [REGION], defaultKey: 'arn:aws:kms:us-east-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab' });
    await guard({ ...UNENCRYPTED, sharing: shared });
    await expect(guard({ ...UNENCRYPTED, sharing: open })).rejects.toMatchObject({ code: 'encrypted-by-default' });
  });
});
