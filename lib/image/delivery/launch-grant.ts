import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct, type IConstruct } from 'constructs';

/** What EC2 does with the key of a volume for who launches an instance. */
const KEY_USE = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'];

export interface LaunchedImage {
  readonly image: Construct;
  imageIdFor(user: IConstruct): string;
  readonly parameterNames: readonly string[];
  keyIn(region: string): IKey | undefined;
}

/** Lets somebody launch instances of an image, in the account and region of the stack that declares them. */
export function grantLaunch(grantee: IGrantable, { image, imageIdFor, parameterNames, keyIn }: LaunchedImage): Grant {
  const user = [grantee, grantee.grantPrincipal].find((each) => Construct.isConstruct(each)) as IConstruct | undefined ?? image;
  const stack = Stack.of(user);
  const arn = (resource: string, resourceName: string) => stack.formatArn({ service: 'ec2', account: '', resource, resourceName });
  const grants = [
    Grant.addToPrincipal({ grantee, actions: ['ec2:RunInstances'], resourceArns: [arn('image', imageIdFor(user))] }),
    // A launch is asked for each snapshot of the image, too, and nobody knows their IDs before it is built.
    Grant.addToPrincipal({
      grantee,
      actions: ['ec2:RunInstances'],
      resourceArns: [arn('snapshot', '*')],
      conditions: { StringEquals: { 'ec2:Owner': Stack.of(image).account } },
    }),
    Grant.addToPrincipal({
      grantee,
      actions: ['ssm:GetParameter', 'ssm:GetParameters'],
      resourceArns: parameterNames.map((name) => stack.formatArn({
        service: 'ssm', resource: 'parameter', resourceName: name.replace(/^\//, ''), arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      })),
    }),
    ...keyGrants(grantee, keyIn(stack.region), stack),
  ];
  return grants.reduce((all, grant) => all.combine(grant));
}

function keyGrants(grantee: IGrantable, key: IKey | undefined, stack: Stack): Grant[] {
  if (!key) { return []; }
  // Across accounts the ARN of a key that is only then made is not known; the grant in the key's policy is what remains.
  const foreign = !Token.isUnresolved(stack.account) && !Token.isUnresolved(key.env.account) && stack.account !== key.env.account;
  const resourceArns = [foreign && Token.isUnresolved(key.keyArn) ? stack.formatArn({ service: 'kms', account: key.env.account, resource: 'key', resourceName: '*' }) : key.keyArn];
  return [
    Grant.addToPrincipal({ grantee, actions: KEY_USE, resourceArns }),
    Grant.addToPrincipal({ grantee, actions: ['kms:CreateGrant'], resourceArns, conditions: { Bool: { 'kms:GrantIsForAWSResource': 'true' } } }),
  ];
}
