import { Annotations, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { GoldenError } from '../../errors';

/** What who launches an instance does with the key of its volumes. */
const USE = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'];

/** Whose Auto Scaling groups may use a key. */
export interface AutoScalingKeyOptions {
  /**
   * The account of the Auto Scaling groups. Of another account than the key's it may then give its own service-linked role
   * the use of the key: declare an `AutoScalingKeyGrant` there.
   *
   * @default - the account of the key
   */
  readonly account?: string;

  /**
   * Suffix of the service-linked role, where the groups have one of their own: `Team` for `AWSServiceRoleForAutoScaling_Team`.
   *
   * @default - the role that all groups of the account share
   */
  readonly roleSuffix?: string;
}

/**
 * Lets others launch instances of images that are encrypted with customer keys, by statements in the policies of the keys.
 *
 * An imported key keeps its policy: it gets a warning, and whoever has it adds the statements.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html
 * @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
 *
 * @example
 *
 * declare const stack: Stack;
 *
 * const key = new kms.Key(stack, 'ImageKey');
 * const grants = ImageKeyGrants.of(key);
 * grants.toAccounts('111122223333');
 * grants.toOrganizations('arn:aws:organizations::444455556666:organization/o-a1b2c3d4e5');
 * grants.toAutoScaling();
 */
export class ImageKeyGrants {
  /**
   * The use of some keys.
   *
   * @param keys customer keys that images are encrypted with; at least one
   */
  public static of(...keys: IKey[]): ImageKeyGrants {
    if (keys.length > 0) { return new ImageKeyGrants(keys); }
    throw new GoldenError('no-key', 'There is no key that anybody could be let use', {
      kind: 'usage', hint: 'Give the image an encryptionKey: the default key of an account is for nobody else.',
    });
  }

  private constructor(private readonly keys: readonly IKey[]) {}

  /**
   * Lets accounts launch instances. Who does so there needs the permission of that account, too.
   *
   * @param accounts their 12 digits
   */
  public toAccounts(...accounts: string[]): void {
    accounts.forEach((account) => this.grantUse(() => new iam.AccountPrincipal(account)));
  }

  /**
   * Lets all accounts of organisations launch instances.
   *
   * @param organizationArns their ARNs
   */
  public toOrganizations(...organizationArns: string[]): void {
    organizationArns.forEach((arn) => this.grantUse(() => new iam.OrganizationPrincipal(idsIn(arn, 'organization')[0])));
  }

  /**
   * Lets all accounts below organisational units launch instances.
   *
   * @param organizationalUnitArns their ARNs
   */
  public toOrganizationalUnits(...organizationalUnitArns: string[]): void {
    for (const arn of organizationalUnitArns) {
      const [organization, unit] = idsIn(arn, 'ou');
      this.grantUse(() => new iam.AnyPrincipal().withConditions({
        'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': [`${organization}/*/${unit}/*`] },
      }));
    }
  }

  /**
   * Lets Auto Scaling groups launch instances, by their service-linked role. The role has to exist when the key is deployed:
   * the first group of an account makes it, or `new iam.CfnServiceLinkedRole(this, 'Role', { awsServiceName: 'autoscaling.amazonaws.com' })`.
   */
  public toAutoScaling(options: AutoScalingKeyOptions = {}): void {
    for (const key of this.keys) {
      const stack = Stack.of(key);
      const { account = key.env.account, roleSuffix } = options;
      const role = autoScalingRoleArn(stack, account, roleSuffix);
      if (sameAccount(account, key.env.account)) {
        grantUseOf(key, new iam.ArnPrincipal(role));
      } else {
        // A key policy cannot name a service-linked role of another account; that account gives it the use, and no one else.
        add(key, {
          actions: ['kms:CreateGrant'],
          principals: [new iam.AccountPrincipal(account)],
          conditions: { StringEquals: { 'kms:GranteePrincipal': role } },
        });
      }
    }
  }

  private grantUse(principal: () => iam.IPrincipal): void {
    this.keys.forEach((key) => grantUseOf(key, principal()));
  }
}

/**
 * ARN of the role that Auto Scaling launches instances with.
 * @internal
 */
export function autoScalingRoleArn(stack: Stack, account: string, suffix?: string): string {
  return stack.formatArn({
    service: 'iam',
    region: '',
    account,
    resource: 'role',
    resourceName: `aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling${suffix === undefined ? '' : `_${suffix}`}`,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
}

/** EBS keeps the key to a volume by a grant of its own, as long as the volume is attached. */
function grantUseOf(key: IKey, principal: iam.IPrincipal): void {
  add(key, { actions: USE, principals: [principal] });
  add(key, { actions: ['kms:CreateGrant'], principals: [principal], conditions: { Bool: { 'kms:GrantIsForAWSResource': 'true' } } });
}

function add(key: IKey, props: iam.PolicyStatementProps): void {
  const statement = new iam.PolicyStatement({ ...props, resources: ['*'] });
  if (key.addToResourcePolicy(statement, true).statementAdded) { return; }
  Annotations.of(key).addWarningV2(
    'cdk-golden-image:imported-key',
    `The policy of the imported key ${key.node.path} is not changed here. Add what lets others launch instances where it is declared: `
    + 'see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html',
  );
}

function idsIn(arn: string, kind: 'organization' | 'ou'): string[] {
  const [, ids] = new RegExp(`^arn:[^:]+:organizations::[0-9]{12}:${kind}/(.+)$`).exec(arn) ?? [];
  const parts = ids?.split('/') ?? [];
  if (parts.length === (kind === 'ou' ? 2 : 1)) { return parts; }
  throw new GoldenError('invalid-arn', `${JSON.stringify(arn)} is not the ARN of an ${kind === 'ou' ? 'organisational unit' : 'organisation'}`, {
    kind: 'usage',
    hint: `Give one such as arn:aws:organizations::111122223333:${kind === 'ou' ? 'ou/o-a1b2c3d4e5/ou-ab12-1a2b3c4d' : 'organization/o-a1b2c3d4e5'}.`,
  });
}

/** Where an account is known only when it is deployed, it is the key's own unless a user says another. */
function sameAccount(account: string, ofKey: string): boolean {
  return account === ofKey || (Token.isUnresolved(account) && Token.isUnresolved(ofKey));
}
