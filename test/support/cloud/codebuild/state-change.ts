import { deepLink, type Build } from './build';
import type { CloudEvent } from '../events/event';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** What EventBridge is told when a build begins and when it has ended (user guide, "Build notifications input format reference"). */
export function stateChange(build: Build): Pick<CloudEvent, 'detail-type' | 'source' | 'resources' | 'detail'> {
  const { project: { environment, source }, phases } = build;
  return {
    'detail-type': 'CodeBuild Build State Change',
    'source': 'aws.codebuild',
    'resources': [build.arn],
    'detail': {
      // Events know no other ends than these.
      'build-status': build.status === 'FAULT' || build.status === 'TIMED_OUT' ? 'FAILED' : build.status,
      'project-name': build.project.name,
      'build-id': build.arn,
      'current-phase': phases[phases.length - 1].phaseType,
      'current-phase-context': '[]',
      'version': '1',
      'additional-information': {
        'artifact': { location: '' },
        'environment': {
          'image': environment.image,
          'privileged-mode': environment.privilegedMode ?? false,
          'compute-type': environment.computeType,
          'type': environment.type,
          'environment-variables': build.variables.map(({ name, value, type = 'PLAINTEXT' }) => ({ name, type, value })),
        },
        'timeout-in-minutes': build.timeoutInMinutes,
        'build-complete': build.status !== 'IN_PROGRESS',
        'initiator': build.initiator,
        'build-start-time': wordedTime(build.startTime),
        'source': { type: source.type, ...source.location === undefined ? {} : { location: source.location } },
        'logs': { 'group-name': build.group, 'stream-name': build.stream, 'deep-link': deepLink(build) },
        'phases': phases.map(({ phaseType, phaseStatus, startTime, endTime, contexts }) => ({
          'phase-type': phaseType,
          'start-time': wordedTime(startTime),
          ...endTime === undefined ? {} : {
            'phase-status': phaseStatus,
            'end-time': wordedTime(endTime),
            'duration-in-seconds': Math.round((endTime - startTime) / 1000),
            'phase-context': contexts.map(({ statusCode, message }) => `${statusCode}: ${message}`),
          },
        })),
      },
    },
  };
}

/** `Sep 1, 2017 4:12:29 PM` */
function wordedTime(milliseconds: number): string {
  const time = new Date(milliseconds);
  const two = (number: number) => String(number).padStart(2, '0');
  const hour = time.getUTCHours();
  return `${MONTHS[time.getUTCMonth()]} ${time.getUTCDate()}, ${time.getUTCFullYear()} ${hour % 12 || 12}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())} ${hour < 12 ? 'AM' : 'PM'}`;
}
