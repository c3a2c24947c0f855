import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { newStack } from './declaration';
import { DeliveryRole } from '../../lib/image/delivery-role';

const env = { account: '444455556666', region: 'eu-west-1' };

test('the role of an account that uses images writes their IDs, and nothing else', () => {
  const stack = newStack({ env });
  new DeliveryRole(stack, 'Delivery', { builders: [new iam.AccountPrincipal('111122223333')] });
  const template = Template.fromStack(stack);
  expect(Object.values(template.toJSON().Resources).map((resource: any) => resource.Properties)).toMatchSnapshot();
});

test('it may have another name, trust single roles, and have a boundary', () => {
  const stack = newStack({ env });
  const { role } = new DeliveryRole(stack, 'Delivery', {
    builders: [new iam.ArnPrincipal('arn:aws:iam::111122223333:role/a'), new iam.ArnPrincipal('arn:aws:iam::111122223333:role/b')],
    roleName: 'images',
    permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(stack, 'Boundary', 'arn:aws:iam::444455556666:policy/boundary'),
  });
  expect(role).toBeInstanceOf(iam.Role);
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', {
    RoleName: 'images',
    PermissionsBoundary: 'arn:aws:iam::444455556666:policy/boundary',
    AssumeRolePolicyDocument: {
      Statement: ['a', 'b'].map((name) => ({ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { AWS: `arn:aws:iam::111122223333:role/${name}` } })),
    },
  });
});
