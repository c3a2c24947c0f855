import { EC2_ENTRIES } from './ec2';
import { EC2_IMAGE_ENTRIES } from './ec2-images';
import type { ConformanceEntry } from './entry';
import { OTHER_ENTRIES } from './others';
import { SERVICE_ENTRIES } from './services';
import { SSM_ENTRIES } from './ssm';
import { STACK_ENTRIES } from './stacks';

/** Every call that the cloud answers. */
export const CONFORMANCE: readonly ConformanceEntry[] = [
  ...EC2_ENTRIES, ...EC2_IMAGE_ENTRIES, ...SSM_ENTRIES, ...OTHER_ENTRIES, ...SERVICE_ENTRIES, ...STACK_ENTRIES,
];

const BY_CALL = new Map(CONFORMANCE.map((entry) => [`${entry.service}:${entry.action}`, entry]));

export function conformanceOf(service: string, action: string): ConformanceEntry | undefined {
  return BY_CALL.get(`${service}:${action}`);
}
