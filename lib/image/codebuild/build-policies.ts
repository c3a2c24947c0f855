import { Lazy, Stack, Token } from 'aws-cdk-lib';
import { CfnManagedPolicy, type IRole } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { STATE_PREFIX } from './state-bucket';
import { partitionOf } from '../../policies/partition';
import { buildGroups, destroyStatements, policyScope } from '../../policies/roles';
import { policyDocument, type PolicyScope, type Statement } from '../../policies/statement';
import type { DeliveredImage } from '../delivery/bound-delivery';

/** Characters that IAM takes for a managed policy, white space left out. */
const MOST_CHARACTERS = 6144;

export interface BuildPoliciesOptions {
  readonly role: IRole;
  readonly bucket: IBucket;
  /** Whether the role also removes the image. */
  readonly destroys: boolean;
  /** Whether the role also moves the alias. */
  readonly movesAlias: boolean;
}

/**
 * What the role of the builds may do: what this plan needs, and nothing else. In several policies, since each has a limit; what
 * they say is known when the image is.
 */
export function addBuildPolicies(scope: Construct, image: DeliveredImage, options: BuildPoliciesOptions): CfnManagedPolicy[] {
  const { role, bucket, destroys, movesAlias } = options;
  const groups = (): { readonly [name: string]: readonly Statement[] } => {
    const place = scopeOf(image, bucket);
    const { values, ...others } = buildGroups(place);
    return { ...others, values: [...values, ...movesAlias ? [aliasStatement(image)] : []], removal: destroyStatements(place) };
  };
  const names = ['machines', 'images', 'cleaning', 'values', ...destroys ? ['removal'] : []];
  return names.map((name) => {
    const policy = new CfnManagedPolicy(scope, `May${name[0].toUpperCase()}${name.slice(1)}`, {
      description: `Building the golden image ${image.construct.node.path}: ${name}`.slice(0, 1000),
      roles: [role.roleName],
      policyDocument: Lazy.uncachedAny({ produce: () => policyDocument(groups()[name]) }),
    });
    policy.node.addValidation({ validate: () => tooLong(groups()[name], policy) });
    return policy;
  });
}

function scopeOf(image: DeliveredImage, bucket: IBucket): PolicyScope {
  const { account, region, partition } = Stack.of(image.construct);
  return policyScope([image.plan()], [region], {
    account,
    partition: Token.isUnresolved(region) ? partition : partitionOf(region),
    state: { bucket: bucket.bucketName, prefix: STATE_PREFIX },
    stagingBucket: bucket.bucketName,
  });
}

function aliasStatement(image: DeliveredImage): Statement {
  const resourceName = image.aliasName().replace(/^\//, '');
  return {
    Sid: 'MoveAlias',
    Effect: 'Allow',
    Action: ['ssm:GetParameter', 'ssm:PutParameter'],
    Resource: Stack.of(image.construct).formatArn({ service: 'ssm', resource: 'parameter', resourceName }),
  };
}

function tooLong(statements: readonly Statement[], policy: CfnManagedPolicy): string[] {
  const { length } = JSON.stringify(Stack.of(policy).resolve(policyDocument(statements)));
  if (length <= MOST_CHARACTERS) { return []; }
  return [`The policy has ${length} characters, and IAM takes ${MOST_CHARACTERS}: the image goes to too many regions for a role of its own. Deliver it by Delivery.onDeploy().`];
}
