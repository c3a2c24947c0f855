import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DELIVERY_ROLE_NAME } from './delivery/consumers';
import { PARAMETER_PREFIX } from './delivery/image-parameter';
import { offerRole } from './delivery/role-order';
import { outermostStack } from './delivery/stacks';

/** Who may tell this account of images. */
export interface DeliveryRoleProps {
  /**
   * Who builds the images: accounts, `new iam.AccountPrincipal('111122223333')`, whose users then need the permission to assume
   * the role, or single roles, `new iam.ArnPrincipal('arn:aws:iam::111122223333:role/golden-build')`.
   */
  readonly builders: iam.IPrincipal[];

  /**
   * Name of the role. Give the images the same: `distribution: { deliveryRoleName }`.
   *
   * @default golden-delivery
   */
  readonly roleName?: string;

  /**
   * The most that the role may ever do.
   *
   * @default - no permissions boundary
   */
  readonly permissionsBoundary?: iam.IManagedPolicy;
}

/**
 * The role by which images of other accounts become known in this one: their build writes the AMI IDs to SSM here, and nothing
 * else. One is needed in each account whose stacks use an image of another account, before the image is built: declare it in a
 * stack of its own. Where the app that declares the image declares it, too, that stack is deployed before the image's.
 *
 * @example
 *
 * declare const stack: Stack;
 *
 * new DeliveryRole(stack, 'GoldenDelivery', { builders: [new iam.AccountPrincipal('111122223333')] });
 */
export class DeliveryRole extends Construct {
  /** The role. */
  public readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: DeliveryRoleProps) {
    super(scope, id);
    this.role = new iam.Role(this, 'Role', {
      roleName: props.roleName ?? DELIVERY_ROLE_NAME,
      description: 'Writes the IDs of golden images to SSM',
      assumedBy: new iam.CompositePrincipal(...props.builders),
      permissionsBoundary: props.permissionsBoundary,
    });
    this.role.addToPolicy(new iam.PolicyStatement({
      actions: ['ssm:AddTagsToResource', 'ssm:DeleteParameter', 'ssm:GetParameter', 'ssm:PutParameter'],
      // An image may be used in several regions, and the role is one for all of them.
      resources: [Stack.of(this).formatArn({
        service: 'ssm', region: '*', resource: 'parameter', resourceName: `${PARAMETER_PREFIX.slice(1)}*`, arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      })],
    }));
    offerRole({ stack: outermostStack(this), roleName: props.roleName ?? DELIVERY_ROLE_NAME });
    // SSM looks at an image in the name of who writes its ID.
    this.role.addToPolicy(new iam.PolicyStatement({ actions: ['ec2:DescribeImages'], resources: ['*'] }));
  }
}
