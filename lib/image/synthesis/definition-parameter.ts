import { Lazy } from 'aws-cdk-lib';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { outermostStack } from '../delivery/stacks';

/**
 * The resource by which a stack owns an image: an SSM parameter with its definition hash. A stack with nothing but images
 * would otherwise have no resources, which CloudFormation refuses; and it shows in `cdk diff` that an image changes.
 */
export function addDefinitionParameter(image: Construct, hash: () => string): void {
  new CfnParameter(image, 'Definition', {
    type: 'String',
    name: `/golden/definitions/${parameterTail(image)}`,
    value: Lazy.string({ produce: hash }),
    description: `Definition hash of the golden image ${image.node.path}`,
  });
}

/** What names a parameter of an image: the stack and the path below it, so that no two images of an account and region share it. */
export function parameterTail(image: Construct): string {
  const stack = outermostStack(image);
  const below = image.node.scopes.slice(stack.node.scopes.length).map((scope) => scope.node.id).join('-');
  return `${stack.stackName}/${below.replace(/[^A-Za-z0-9_.-]+/g, '-')}-${image.node.addr.slice(-8)}`;
}
