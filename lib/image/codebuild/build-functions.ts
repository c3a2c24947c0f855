import { Aws, Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { BuildProject } from './build-project';
import { END_FUNCTION } from './functions/end-function';
import { IMAGE_FUNCTION } from './functions/image-function';
import { START_FUNCTION } from './functions/start-function';
import { TOLD_PREFIX, WAIT_PREFIX } from './state-bucket';
import { PARAMETER_PREFIX } from '../delivery/image-parameter';

export interface BuildFunctionsProps {
  readonly build: BuildProject;
  /** Construct path of the image. */
  readonly image: string;
  readonly notifications?: ITopic;
  /** Whether the image goes with its resource. */
  readonly destroys: boolean;
}

/** What stands between CloudFormation and CodeBuild: small functions, each with a role of its own. */
export class BuildFunctions extends Construct {
  /** Starts builds, as a custom resource. */
  readonly start: LambdaFunction;
  /** Reads the ID of the image, as a custom resource. */
  readonly image: LambdaFunction;
  /** Tells those who wait how a build ended. */
  readonly end: LambdaFunction;

  constructor(scope: Construct, id: string, private readonly props: BuildFunctionsProps) {
    super(scope, id);
    const { build, image, notifications, destroys } = props;
    const { project: { projectName, projectArn }, bucket, logGroup } = build;
    const parameters = Stack.of(this).formatArn({ service: 'ssm', resource: 'parameter', resourceName: `${PARAMETER_PREFIX.slice(1)}*` });
    const objects = (prefix: string) => bucket.arnForObjects(`${prefix}*`);
    const list = new PolicyStatement({
      actions: ['s3:ListBucket'], resources: [bucket.bucketArn], conditions: { StringLike: { 's3:prefix': `${WAIT_PREFIX}*` } },
    });
    const allow = (resources: string[], ...actions: string[]) => new PolicyStatement({ actions, resources });
    const readParameters = allow([parameters], 'ssm:GetParameter');

    this.start = this.make('Start', START_FUNCTION, Duration.minutes(5), { PROJECT: projectName, BUCKET: bucket.bucketName }, [
      allow([projectArn], 'codebuild:BatchGetBuilds', 'codebuild:ListBuildsForProject', 'codebuild:StartBuild', 'codebuild:StopBuild'),
      new PolicyStatement({ actions: ['ec2:DescribeImages'], resources: ['*'], conditions: { StringEquals: { 'aws:RequestedRegion': Aws.REGION } } }),
      readParameters,
      allow([objects(WAIT_PREFIX)], 's3:GetObject', 's3:PutObject'),
      list,
    ]);
    this.end = this.make('End', END_FUNCTION, Duration.minutes(3), {
      BUCKET: bucket.bucketName, IMAGE: image, ...notifications && { TOPIC: notifications.topicArn },
    }, [
      allow([projectArn], 'codebuild:BatchGetBuilds'),
      allow([logGroup.logGroupArn], 'logs:GetLogEvents'),
      allow([objects(WAIT_PREFIX)], 's3:DeleteObject', 's3:GetObject', 's3:PutObject'),
      list,
      ...notifications ? [readParameters, allow([objects(TOLD_PREFIX)], 's3:GetObject', 's3:PutObject')] : [],
    ]);
    notifications?.grantPublish(this.end);
    this.image = this.make('Image', IMAGE_FUNCTION, Duration.minutes(15), { PROJECT: projectName }, [
      readParameters,
      ...destroys ? [allow([projectArn], 'codebuild:BatchGetBuilds', 'codebuild:StartBuild')] : [],
    ]);
    for (const each of [this.start, this.end]) { bucket.encryptionKey?.grantEncryptDecrypt(each); }
  }

  private make(
    id: string, code: string, timeout: Duration, environment: { [name: string]: string }, statements: readonly PolicyStatement[],
  ): LambdaFunction {
    const { build: { logGroup } } = this.props;
    const role = new Role(this, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    statements.forEach((statement) => role.addToPolicy(statement));
    logGroup.grantWrite(role);
    return new LambdaFunction(this, id, {
      description: `${id} of builds of the golden image ${this.props.image}`.slice(0, 256),
      runtime: Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: Code.fromInline(code),
      timeout,
      environment,
      role,
      logGroup,
    });
  }
}
