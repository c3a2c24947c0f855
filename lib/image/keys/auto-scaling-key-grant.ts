import { Lazy, Names, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId, PhysicalResourceIdReference } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { autoScalingRoleArn } from './image-key-grants';

/** What a service-linked role does with the key of volumes. */
const OPERATIONS = [
  'CreateGrant', 'Decrypt', 'DescribeKey', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom', 'ReEncryptTo',
];

/** Which key the Auto Scaling groups of an account may use. */
export interface AutoScalingKeyGrantProps {
  /** The key of the image, in the region of this stack, such as `kms.Key.fromKeyArn(...)`. */
  readonly key: IKey;

  /**
   * Suffix of the service-linked role, where the groups have one of their own: `Team` for `AWSServiceRoleForAutoScaling_Team`.
   *
   * @default - the role that all groups of the account share
   */
  readonly roleSuffix?: string;
}

/**
 * Lets the Auto Scaling groups of this account use a key of another account, by a grant in KMS. For an image that is shared
 * with this account. The other account allows it by `image.keyGrants.toAutoScaling({ account })`.
 *
 * The grant is made when the stack is deployed, by a function of CDK's own, and goes with the stack.
 *
 * @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
 *
 * @example
 *
 * declare const stack: Stack;
 *
 * new AutoScalingKeyGrant(stack, 'ImageKey', {
 *   key: kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'),
 * });
 */
export class AutoScalingKeyGrant extends Construct {
  constructor(scope: Construct, id: string, props: AutoScalingKeyGrantProps) {
    super(scope, id);
    const { keyArn } = props.key;
    const stack = Stack.of(this);
    const resource: AwsCustomResource = new AwsCustomResource(this, 'Grant', {
      resourceType: 'Custom::GoldenImageKeyGrant',
      onUpdate: {
        service: 'KMS',
        action: 'CreateGrant',
        parameters: {
          KeyId: keyArn,
          // A call that is repeated with the same name makes no second grant.
          Name: Names.uniqueResourceName(this, { maxLength: 256 }),
          GranteePrincipal: autoScalingRoleArn(stack, stack.account, props.roleSuffix),
          // Whoever may retire it needs no leave of the other account to take it back.
          RetiringPrincipal: Lazy.string({ produce: () => (resource.grantPrincipal as iam.IRole).roleArn }),
          Operations: OPERATIONS,
        },
        physicalResourceId: PhysicalResourceId.fromResponse('GrantId'),
      },
      onDelete: {
        service: 'KMS',
        action: 'RetireGrant',
        parameters: { KeyId: keyArn, GrantId: new PhysicalResourceIdReference() },
      },
      policy: AwsCustomResourcePolicy.fromStatements([
        new iam.PolicyStatement({ actions: ['kms:CreateGrant', 'kms:RetireGrant'], resources: [keyArn] }),
      ]),
      installLatestAwsSdk: false,
    });
  }
}
