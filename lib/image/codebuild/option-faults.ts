import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { CodeBuildOptions } from './code-build-options';
import type { DeliveredImage } from '../delivery/bound-delivery';

const LEAST_MINUTES = 5;
const MOST_MINUTES = 36 * 60;

/** How long a build may take. What CodeBuild does not allow is a fault, and taken for the default. */
export function timeoutOf({ timeout }: CodeBuildOptions, image: DeliveredImage): Duration {
  const usual = Duration.hours(8);
  if (timeout === undefined) { return usual; }
  if (timeout.isUnresolved()) {
    image.fault('token', 'timeout of the delivery holds a CDK token', 'Give a plain duration, such as Duration.hours(12).');
    return usual;
  }
  const minutes = timeout.toMinutes({ integral: false });
  if (Number.isInteger(minutes) && minutes >= LEAST_MINUTES && minutes <= MOST_MINUTES) { return timeout; }
  image.fault('invalid-timeout', `timeout of the delivery is ${timeout.toHumanString()}`, 'CodeBuild takes whole minutes, from 5 minutes to 36 hours.');
  return usual;
}

/** Options that say something only together with others. */
export function reportOptions(options: CodeBuildOptions, image: DeliveredImage): void {
  const { vpc, vpcSubnets, securityGroups, logGroup, logRetention, stateBucket, encryptionKey, removalPolicy } = options;
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
