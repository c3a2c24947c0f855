import { Annotations, CfnParameter, Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** What a delivery needs to know of an image. */
interface Delivered {
  readonly construct: IConstruct;
  readonly parameterName: string;
  readonly definitionHash: string;
}

/** How a stack that uses an image comes by its AMI ID. */
export class Delivery {
  /**
   * The stack uses what `golden build` has built before the deployment, and never builds by itself.
   *
   * The deployment reads the AMI ID from the SSM parameter named by the definition hash, and fails with its name where no
   * such image was built. It is built in the account and region of the stack that declares it, so a stack of another one
   * gets a warning.
   */
  public static prebuilt(): Delivery {
    return new Delivery((consumer, image) => {
      warnOfOtherEnvironment(consumer, image.construct);
      return parameterOfHash(consumer, image);
    });
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

/** Where an account or region is known only when it is deployed, nobody can tell that it is another one. */
function warnOfOtherEnvironment(consumer: Stack, image: IConstruct): void {
  const home = Stack.of(image);
  const differs = (a: string, b: string) => !Token.isUnresolved(a) && !Token.isUnresolved(b) && a !== b;
  if (!differs(home.account, consumer.account) && !differs(home.region, consumer.region)) { return; }
  const environment = ({ account, region }: Stack) => [account, region].filter((part) => !Token.isUnresolved(part)).join('/');
  Annotations.of(consumer).addWarningV2(
    `cdk-golden-image:other-environment:${image.node.path}`,
    `The image ${image.node.path} is built for ${environment(home)}, and nothing takes it to ${environment(consumer)} yet. `
    + 'Declare it in a stack of that environment too, or see to the image and its SSM parameter there yourself.',
  );
}
