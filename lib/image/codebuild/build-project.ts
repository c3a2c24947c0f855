import { Lazy, RemovalPolicy } from 'aws-cdk-lib';
import { BuildEnvironmentVariableType, LinuxBuildImage, Project, Source, type ComputeType } from 'aws-cdk-lib/aws-codebuild';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { BuildAsset, RESTORE_SCRIPT } from './build-asset';
import { addBuildPolicies } from './build-policies';
import { buildspec } from './buildspec';
import type { CodeBuildOptions } from './code-build-options';
import type { Timeouts } from './option-faults';
import { STATE_PREFIX, stateBucket } from './state-bucket';
import type { DeliveredImage } from '../delivery/bound-delivery';
import { ENGINE_FOLDER } from '../delivery/engine-files';
import { parameterNameOf } from '../delivery/image-parameter';

/** Variables of the builds' environment. */
const BUCKET = 'GOLDEN_BUCKET';
const ALIAS = 'GOLDEN_ALIAS';
const PARAMETER = 'GOLDEN_PARAMETER';

export interface BuildProjectProps {
  readonly image: DeliveredImage;
  readonly asset: BuildAsset;
  readonly options: CodeBuildOptions;
  readonly timeouts: Timeouts;
  /** Name of the alias of the image. */
  readonly alias: () => string;
}

/** The project that builds one image, its role, where it keeps records, and where it logs. */
export class BuildProject extends Construct {
  readonly project: Project;
  readonly bucket: IBucket;
  readonly logGroup: ILogGroup;

  constructor(scope: Construct, id: string, { image, asset, options, timeouts, alias }: BuildProjectProps) {
    super(scope, id);
    const { buildImage = LinuxBuildImage.STANDARD_7_0, computeType, vpc, vpcSubnets, securityGroups, removalPolicy = RemovalPolicy.RETAIN } = options;
    this.bucket = stateBucket(this, options);
    this.logGroup = options.logGroup ?? new LogGroup(this, 'Log', { retention: options.logRetention ?? RetentionDays.THREE_MONTHS, removalPolicy });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('codebuild.amazonaws.com'),
      description: `Builds the golden image ${image.construct.node.path}`.slice(0, 1000),
    });
    this.project = new Project(this, 'Project', {
      description: `Builds the golden image ${image.construct.node.path}`.slice(0, 255),
      role,
      source: Source.s3({
        bucket: Bucket.fromBucketName(this, 'Assets', Lazy.uncachedString({ produce: () => asset.bucketName })),
        path: Lazy.uncachedString({ produce: () => asset.objectKey }),
      }),
      buildSpec: buildspec({
        engine: `${ENGINE_FOLDER}/golden.js`,
        restoreScript: RESTORE_SCRIPT,
        bucketVariable: BUCKET,
        aliasVariable: ALIAS,
        statePrefix: STATE_PREFIX,
        ownRuntimes: buildImage.imageId.startsWith('aws/codebuild/'),
      }),
      environment: { buildImage, computeType: computeType as ComputeType },
      environmentVariables: {
        [BUCKET]: { value: this.bucket.bucketName },
        [ALIAS]: { value: Lazy.uncachedString({ produce: alias }) },
        [PARAMETER]: { value: Lazy.uncachedString({ produce: () => parameterNameOf(image.hash()) }), type: BuildEnvironmentVariableType.PLAINTEXT },
      },
      checkSecretsInPlainTextEnvVariables: false,
      grantReportGroupPermissions: false,
      ...timeouts,
      vpc,
      subnetSelection: vpcSubnets,
      securityGroups,
      logging: { cloudWatch: { logGroup: this.logGroup } },
    });
    addBuildPolicies(this, image, {
      role, bucket: this.bucket, destroys: removalPolicy === RemovalPolicy.DESTROY, movesAlias: options.schedule !== undefined,
    });
    this.bucket.encryptionKey?.grantEncryptDecrypt(role);
  }
}
