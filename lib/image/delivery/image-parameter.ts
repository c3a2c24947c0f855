import { CfnParameter, Stack } from 'aws-cdk-lib';

/** What the names of SSM parameters start with that hold the IDs of images. */
export const PARAMETER_PREFIX = '/golden/images/';

/** Name of the SSM parameter that the ID of the image with this definition is written to. */
export function parameterNameOf(hash: string): string {
  return `${PARAMETER_PREFIX}${hash}`;
}

/**
 * The AMI ID by a CloudFormation parameter of a stack whose logical ID carries the hash. With a fixed ID the CDK CLI would send
 * UsePreviousValue for a changed default, and the stack would silently keep the old image.
 */
export function imageParameter(stack: Stack, hash: string): string {
  const logicalId = `GoldenImage${hash.slice(0, 16)}`;
  const existing = stack.node.tryFindChild(logicalId) as CfnParameter | undefined;
  const parameter = existing ?? new CfnParameter(stack, logicalId, {
    type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>',
    default: parameterNameOf(hash),
    description: 'Where the ID of a golden image is read from',
  });
  parameter.overrideLogicalId(logicalId);
  return parameter.valueAsString;
}
