import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IBuildImage } from 'aws-cdk-lib/aws-codebuild';
import type { CodeBuildOptions } from './code-build-options';
import type { DeliveredImage } from '../delivery/bound-delivery';

const LEAST_MINUTES = 5;

/** How long builds may take, and wait before. */
export interface Timeouts {
  readonly timeout: Duration;
  readonly queuedTimeout: Duration;
}

/** What CodeBuild does not allow is a fault, and taken for the default. */
export function timeoutsOf({ timeout, queuedTimeout }: CodeBuildOptions, image: DeliveredImage): Timeouts {
  return {
    timeout: whole('timeout', timeout, { usual: Duration.hours(8), mostHours: 36 }, image),
    queuedTimeout: whole('queuedTimeout', queuedTimeout, { usual: Duration.hours(1), mostHours: 8 }, image),
  };
}

function whole(
  name: string, given: Duration | undefined, { usual, mostHours }: { readonly usual: Duration; readonly mostHours: number }, image: DeliveredImage,
): Duration {
  if (given === undefined) { return usual; }
  if (given.isUnresolved()) {
    image.fault('token', `${name} of the delivery holds a CDK token`, 'Give a plain duration, such as Duration.hours(2).');
    return usual;
  }
  const minutes = given.toMinutes({ integral: false });
  if (Number.isInteger(minutes) && minutes >= LEAST_MINUTES && minutes <= mostHours * 60) { return given; }
  image.fault('invalid-timeout', `${name} of the delivery is ${given.toHumanString()}`, `CodeBuild takes whole minutes, from 5 minutes to ${mostHours} hours.`);
  return usual;
}

/** Options that say something only together with others. */
export function reportOptions(options: CodeBuildOptions, image: DeliveredImage): void {
  const { vpc, vpcSubnets, securityGroups, logGroup, logRetention, stateBucket, encryptionKey, removalPolicy } = options;
  if (options.buildImage) { reportBuildImage(options.buildImage, image); }
  const without = (given: unknown, needed: unknown, name: string, other: string) => {
    if (given !== undefined && needed === undefined) { image.fault('conflicting-options', `The delivery has ${name} and no ${other}`, `Give ${other}, too.`); }
  };
  without(vpcSubnets, vpc, 'vpcSubnets', 'vpc');
  without(securityGroups, vpc, 'securityGroups', 'vpc');
  const both = (one: unknown, other: unknown, names: string, hint: string) => {
    if (one !== undefined && other !== undefined) { image.fault('conflicting-options', `The delivery has ${names}`, hint); }
  };
  both(logGroup, logRetention, 'logGroup and logRetention', 'Say with the log group how long it keeps logs.');
  both(stateBucket, encryptionKey, 'stateBucket and encryptionKey', 'Say with the bucket which key encrypts it.');
  if (removalPolicy === RemovalPolicy.SNAPSHOT || removalPolicy === RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE) {
    image.fault('invalid-removal-policy', `removalPolicy of the delivery is ${removalPolicy}`, 'Give RemovalPolicy.RETAIN or RemovalPolicy.DESTROY.');
  }
}

function reportBuildImage({ type, imageId }: IBuildImage, image: DeliveredImage): void {
  if (!/WINDOWS|LAMBDA|MAC/.test(type)) { return; }
  image.fault('invalid-build-image', `buildImage of the delivery is ${imageId}, of the type ${type}`, 'Give a Linux container, such as LinuxBuildImage.STANDARD_7_0.');
}
