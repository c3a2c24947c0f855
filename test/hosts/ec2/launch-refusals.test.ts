import { ec2Plan } from './ec2-fixture';
import { GoldenError } from '../../../lib/errors';
import { explained } from '../../../lib/hosts/ec2/aws-errors';
import { refusedLaunch } from '../../../lib/hosts/ec2/launch-refusals';

/** What a launch ends with where RunInstances answers so. */
function refused(name: string, message = 'as AWS says it') {
  const answer = Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 }, $fault: 'client' });
  return refusedLaunch(explained(answer, { service: 'ec2', action: 'RunInstances', region: 'us-east-2' }), ec2Plan()) as GoldenError;
}

test.each([
  ['InvalidParameterValue', 'Value (gone) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name', 'instance profile of its builder'],
  ['InvalidParameterValue', 'Invalid value \'t9.huge\' for InstanceType.', 'instanceTypes of its builder'],
  ['InvalidBlockDeviceMapping', 'Volume of size 4GB is smaller than snapshot \'snap-1\', expect size >= 8GB', 'rootVolume at least as large'],
  ['InvalidBlockDeviceMapping', 'Invalid device name /dev/sdaa', 'rootVolume and volumes'],
  ['OptInRequired', 'In order to use this AWS Marketplace product you need to accept terms', 'Subscribe to the product'],
  ['InvalidGroup.NotFound', 'The security group \'sg-1\' does not exist', 'securityGroups'],
  ['InvalidPlacementGroup.Unknown', 'The Placement Group \'builds\' is unknown.', 'placement of its builder'],
  ['AuthFailure.ServiceLinkedRoleCreationNotPermitted', 'The provided credentials do not have permission to create the service-linked role for EC2 Spot Instances.', 'iam:CreateServiceLinkedRole'],
  ['PendingVerification', 'Your request for accessing resources in this region is being validated', 'AWS Support'],
])('a launch that is refused with %s (%s) says what to change', (code, message, hint) => {
  expect(refused(code, message)).toMatchObject({
    path: 'Stack/Web', message: expect.stringContaining(`${code}: ${message}`), hint: expect.stringContaining(hint),
  });
});

test('a refusal that has an advice of its own keeps it, and one without any stays as it is', () => {
  expect(refused('UnauthorizedOperation').hint).toContain('"Action":"ec2:RunInstances"');
  expect(refused('SomethingElse').hint).toBeUndefined();
});
