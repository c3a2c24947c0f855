import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ComputeType, IBuildImage } from 'aws-cdk-lib/aws-codebuild';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { Schedule } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ILogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';

/** How an image is built by AWS CodeBuild, in the account itself. */
export interface CodeBuildOptions {
  /**
   * Size of the container that runs the build. It mostly waits: the work is done on the machine that becomes the image.
   *
   * @default ComputeType.SMALL
   */
  readonly computeType?: ComputeType;

  /**
   * Container that runs the build: a Linux with Node.js 20 or newer and nothing else.
   *
   * @default LinuxBuildImage.STANDARD_7_0
   */
  readonly buildImage?: IBuildImage;

  /**
   * How long a build may take, in whole minutes: from 5 minutes to the 36 hours that CodeBuild allows. The deployment waits as long.
   *
   * @default Duration.hours(8)
   */
  readonly timeout?: Duration;

  /**
   * How long a build may wait for its container, in whole minutes: from 5 minutes to 8 hours. An account runs a limited number of
   * builds at once, so where a stack has many images some of them wait.
   *
   * @default Duration.hours(1)
   */
  readonly queuedTimeout?: Duration;

  /**
   * Network of the container. It needs a way to the endpoints of AWS, and to the machine where the communicator is SSH.
   *
   * @default - the container is in no VPC, and has internet access
   */
  readonly vpc?: IVpc;

  /**
   * Subnets of the container.
   *
   * @default - the private subnets of the VPC
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * Security groups of the container.
   *
   * @default - one of its own without inbound rules, where there is a VPC
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * When to build again beside the deployments: a newer source, such as a newer base image, gives a newer image.
   *
   * Such a build writes the SSM parameters of the image, the alias among them. Whoever reads those gets the newer image: other
   * stacks with their next deployment, a launch template with `resolve:ssm:` at each launch.
   *
   * @default - only deployments build, and only what changed
   */
  readonly schedule?: Schedule;

  /**
   * Gets a message when a build made an image, and when one failed.
   *
   * @default - nobody is told but CloudFormation, which always is
   */
  readonly notifications?: ITopic;

  /**
   * What becomes of the image, the records of its builds and their logs when it leaves the stack, or the stack is deleted.
   *
   * With DESTROY the images of all its builds are removed by then; where one of them is in use, they stay and the log and the
   * notification say by whom. The deletion goes on in any case. Updates and rollbacks never remove an image.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Where builds and the functions around them write their logs.
   *
   * @default - a log group of its own
   */
  readonly logGroup?: ILogGroup;

  /**
   * How long its own log group keeps logs.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;

  /**
   * Bucket for the records and locks of builds, and for files on their way to the machine. Images may share one.
   *
   * @default - one of its own: encrypted, private, TLS only, kept or removed as `removalPolicy` says
   */
  readonly stateBucket?: IBucket;

  /**
   * Key of its own bucket.
   *
   * @default - S3 encrypts with keys of its own
   */
  readonly encryptionKey?: IKey;
}
