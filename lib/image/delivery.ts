import { CfnParameter, type Stack } from 'aws-cdk-lib';

/** What a delivery needs to know of an image. */
interface Delivered {
  readonly parameterName: string;
  readonly definitionHash: string;
}

/** How a stack that uses an image comes by its AMI ID. */
export class Delivery {
  /**
   * The stack uses what `golden build` has built before the deployment, and never builds by itself.
   *
   * The deployment reads the AMI ID from the SSM parameter named by the definition hash, and fails with its name where no
   * such image was built.
   */
  public static prebuilt(): Delivery {
    return new Delivery(parameterOfHash);
  }

  private constructor(
    /**
     * The AMI ID, as a token that the consuming stack resolves.
     * @internal
     */
    public readonly _imageId: (consumer: Stack, image: Delivered) => string,
  ) {}
}

/**
 * A CloudFormation parameter whose logical ID carries the hash. With a fixed ID the CDK CLI would send UsePreviousValue
 * for a changed default, and the stack would silently keep the old image.
 */
function parameterOfHash(consumer: Stack, image: Delivered): string {
  const logicalId = `GoldenImage${image.definitionHash.slice(0, 16)}`;
  const existing = consumer.node.tryFindChild(logicalId) as CfnParameter | undefined;
  const parameter = existing ?? new CfnParameter(consumer, logicalId, {
    type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>',
    default: image.parameterName,
    description: 'Where the ID of a golden image is read from',
  });
  parameter.overrideLogicalId(logicalId);
  return parameter.valueAsString;
}
