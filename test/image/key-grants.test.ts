import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import { declareImage, newStack } from './declaration';
import { AutoScalingKeyGrant } from '../../lib/image/keys/auto-scaling-key-grant';
import { ImageKeyGrants } from '../../lib/image/keys/image-key-grants';

const env = { account: '111122223333', region: 'eu-west-1' };
const USE = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'];
const FOR_A_VOLUME = { Bool: { 'kms:GrantIsForAWSResource': 'true' } };

const role = (account: string, suffix = '') => ({
  'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling${suffix}`]],
});

/** Statements of the policy of a key, without the first, which is for its own account. */
function statementsAfter(grant: (grants: ImageKeyGrants) => void): any[] {
  const stack = newStack({ env });
  grant(ImageKeyGrants.of(new kms.Key(stack, 'Key')));
  const [key] = Object.values(Template.fromStack(stack).findResources('AWS::KMS::Key'));
  return key!.Properties.KeyPolicy.Statement.slice(1);
}

test('an account may use the key, and give EBS the use of it for a volume', () => {
  const principal = { AWS: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::444455556666:root']] } };
  expect(statementsAfter((grants) => grants.toAccounts('444455556666'))).toEqual([
    { Effect: 'Allow', Principal: principal, Action: USE, Resource: '*' },
    { Effect: 'Allow', Principal: principal, Action: 'kms:CreateGrant', Resource: '*', Condition: FOR_A_VOLUME },
  ]);
});

test('an organisation may use the key, and nobody outside of it', () => {
  const inside = { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } };
  expect(statementsAfter((grants) => grants.toOrganizations('arn:aws:organizations::111122223333:organization/o-a1b2c3d4e5'))).toEqual([
    { Effect: 'Allow', Principal: { AWS: '*' }, Action: USE, Resource: '*', Condition: inside },
    { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:CreateGrant', Resource: '*', Condition: { ...inside, ...FOR_A_VOLUME } },
  ]);
});

test('an organisational unit may use the key, with the units below it', () => {
  const inside = { 'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': ['o-a1b2c3d4e5/*/ou-ab12-1a2b3c4d/*'] } };
  expect(statementsAfter((grants) => grants.toOrganizationalUnits('arn:aws:organizations::111122223333:ou/o-a1b2c3d4e5/ou-ab12-1a2b3c4d'))).toEqual([
    { Effect: 'Allow', Principal: { AWS: '*' }, Action: USE, Resource: '*', Condition: inside },
    { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:CreateGrant', Resource: '*', Condition: { ...inside, ...FOR_A_VOLUME } },
  ]);
});

test('Auto Scaling of the account may use the key by its service-linked role', () => {
  expect(statementsAfter((grants) => grants.toAutoScaling())).toEqual([
    { Effect: 'Allow', Principal: { AWS: role('111122223333') }, Action: USE, Resource: '*' },
    { Effect: 'Allow', Principal: { AWS: role('111122223333') }, Action: 'kms:CreateGrant', Resource: '*', Condition: FOR_A_VOLUME },
  ]);
  expect(statementsAfter((grants) => grants.toAutoScaling({ roleSuffix: 'Team' }))[0].Principal).toEqual({ AWS: role('111122223333', '_Team') });
});

test('another account may give the use of the key to its own service-linked role, and to nobody else', () => {
  expect(statementsAfter((grants) => grants.toAutoScaling({ account: '444455556666' }))).toEqual([{
    Effect: 'Allow',
    Principal: { AWS: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::444455556666:root']] } },
    Action: 'kms:CreateGrant',
    Resource: '*',
    Condition: { StringEquals: { 'kms:GranteePrincipal': role('444455556666') } },
  }]);
});

test('in a stack that does not know its account, the role is that of the stack', () => {
  const stack = newStack();
  ImageKeyGrants.of(new kms.Key(stack, 'Key')).toAutoScaling();
  Template.fromStack(stack).hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: { Statement: Match.arrayWith([Match.objectLike({ Action: 'kms:CreateGrant', Condition: FOR_A_VOLUME })]) },
  });
});

test('in that account, a grant lets its role use the key, and is taken back with the stack', () => {
  const stack = newStack({ env: { ...env, account: '444455556666' } });
  const arn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  new AutoScalingKeyGrant(stack, 'ImageKey', { key: kms.Key.fromKeyArn(stack, 'Key', arn) });
  const template = Template.fromStack(stack);
  const [resource] = Object.values(template.findResources('Custom::GoldenImageKeyGrant'));
  const roleOfFunction = Object.keys(template.findResources('AWS::IAM::Role'))[0];

  expect(resource!.Properties.Create).toEqual(resource!.Properties.Update);
  const texts = (value: { 'Fn::Join': [string, unknown[]] }) => value['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : '<token>')).join('');
  expect(JSON.parse(texts(resource!.Properties.Create))).toEqual({
    service: 'KMS',
    action: 'CreateGrant',
    parameters: {
      KeyId: arn,
      Name: expect.stringMatching(/^StackImageKey/),
      GranteePrincipal: 'arn:<token>:iam::444455556666:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling',
      RetiringPrincipal: '<token>',
      Operations: [
        'CreateGrant', 'Decrypt', 'DescribeKey', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom', 'ReEncryptTo',
      ],
    },
    physicalResourceId: { responsePath: 'GrantId' },
  });
  expect(resource!.Properties.Create['Fn::Join'][1]).toContainEqual({ 'Fn::GetAtt': [roleOfFunction, 'Arn'] });
  expect(JSON.parse(resource!.Properties.Delete)).toEqual({
    service: 'KMS', action: 'RetireGrant', parameters: { KeyId: arn, GrantId: 'PHYSICAL:RESOURCEID:' },
  });
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: { Statement: [{ Action: ['kms:CreateGrant', 'kms:RetireGrant'], Effect: 'Allow', Resource: arn }] },
  });
});

describe('the keys of an image', () => {
  test('are those of the image and of its regions', () => {
    const app = new App();
    const keys = new Stack(app, 'Keys', { env });
    const away = new Stack(app, 'Away', { env: { ...env, region: 'us-east-1' } });
    const image = declareImage({
      encryptionKey: new kms.Key(keys, 'Key'),
      distribution: { regions: ['us-east-1'], encryptionKeys: { 'us-east-1': new kms.Key(away, 'Key') }, accounts: ['444455556666'] },
    }, new Stack(app, 'Images', { env }));
    image.keyGrants.toAccounts('444455556666');
    for (const stack of [keys, away]) {
      Template.fromStack(stack).hasResourceProperties('AWS::KMS::Key', {
        KeyPolicy: { Statement: Match.arrayWith([Match.objectLike({ Action: USE }), Match.objectLike({ Action: 'kms:CreateGrant' })]) },
      });
    }
  });

  test('are none where it has the default key', () => {
    expect(() => declareImage().keyGrants).toThrow('There is no key that anybody could be let use');
  });

  test('that are imported keep their policies, with a warning', () => {
    const stack = newStack({ env });
    const key = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab');
    declareImage({ encryptionKey: key }, stack).keyGrants.toAccounts('444455556666');
    Annotations.fromStack(stack).hasWarning('/Stack/Key', Match.stringLikeRegexp('The policy of the imported key Stack/Key is not changed here'));
  });
});

test.each([
  ['an organisation', (grants: ImageKeyGrants) => grants.toOrganizations('o-a1b2c3d4e5')],
  ['an organisational unit', (grants: ImageKeyGrants) => grants.toOrganizationalUnits('ou-ab12-1a2b3c4d')],
])('what is not the ARN of %s is refused', (noun, grant) => {
  expect(() => grant(ImageKeyGrants.of(new kms.Key(newStack(), 'Key')))).toThrow(`is not the ARN of an ${noun.slice(3)}`);
});
