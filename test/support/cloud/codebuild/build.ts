import type { EnvironmentVariable, Project } from './project';

export type BuildStatus = 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'FAULT' | 'TIMED_OUT' | 'STOPPED';

export type PhaseType = 'SUBMITTED' | 'QUEUED' | 'PROVISIONING' | 'DOWNLOAD_SOURCE' | 'INSTALL' | 'PRE_BUILD' | 'BUILD' | 'POST_BUILD'
| 'UPLOAD_ARTIFACTS' | 'FINALIZING' | 'COMPLETED';

export interface Phase {
  readonly phaseType: PhaseType;
  phaseStatus?: Exclude<BuildStatus, 'IN_PROGRESS'>;
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  endTime?: number;
  contexts: { readonly statusCode: string; readonly message: string }[];
}

/** One execution of a project. */
export interface Build {
  /** `<project>:<uuid>` */
  readonly id: string;
  readonly arn: string;
  readonly uuid: string;
  readonly number: number;
  /** As it was when the build began. */
  readonly project: Project;
  readonly variables: readonly EnvironmentVariable[];
  readonly timeoutInMinutes: number;
  readonly initiator: string;
  readonly sourceVersion?: string;
  readonly group: string;
  readonly stream: string;
  readonly startTime: number;
  endTime?: number;
  status: BuildStatus;
  readonly phases: Phase[];
}

const seconds = (milliseconds: number | undefined) => milliseconds === undefined ? undefined : milliseconds / 1000;

/** A build as BatchGetBuilds answers. */
export function buildAnswer(build: Build): object {
  const { project } = build;
  return {
    id: build.id,
    arn: build.arn,
    buildNumber: build.number,
    startTime: seconds(build.startTime),
    endTime: seconds(build.endTime),
    currentPhase: build.phases[build.phases.length - 1].phaseType,
    buildStatus: build.status,
    buildComplete: build.status !== 'IN_PROGRESS',
    sourceVersion: build.sourceVersion,
    projectName: project.name,
    phases: build.phases.map((phase) => ({
      ...phase,
      startTime: seconds(phase.startTime),
      endTime: seconds(phase.endTime),
      durationInSeconds: phase.endTime === undefined ? undefined : Math.round((phase.endTime - phase.startTime) / 1000),
    })),
    source: project.source,
    artifacts: { location: '' },
    environment: { ...project.environment, environmentVariables: build.variables },
    serviceRole: project.serviceRole,
    logs: {
      groupName: build.group,
      streamName: build.stream,
      deepLink: deepLink(build),
      cloudWatchLogsArn: `arn:aws:logs:${project.region}:${project.account}:log-group:${build.group}:log-stream:${build.stream}`,
      cloudWatchLogs: { status: 'ENABLED' },
    },
    timeoutInMinutes: build.timeoutInMinutes,
    queuedTimeoutInMinutes: project.queuedTimeoutInMinutes,
    encryptionKey: project.encryptionKey,
    initiator: build.initiator,
  };
}

/** Where the console shows its log. */
export function deepLink({ project, group, stream }: Build): string {
  return `https://console.aws.amazon.com/cloudwatch/home?region=${project.region}#logEvent:group=${group};stream=${stream}`;
}
