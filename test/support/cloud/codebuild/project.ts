import { ApiError } from '../protocol/api-error';

export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
  /** @default PLAINTEXT */
  readonly type?: 'PLAINTEXT' | 'PARAMETER_STORE' | 'SECRETS_MANAGER';
}

/** A build project, as CreateProject takes it. */
export interface Project {
  readonly name: string;
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly description?: string;
  readonly serviceRole: string;
  readonly source: { readonly type: string; readonly location?: string; readonly buildspec?: string };
  readonly artifacts: { readonly type: string };
  readonly environment: {
    readonly type: string;
    readonly image: string;
    readonly computeType: string;
    readonly privilegedMode?: boolean;
    readonly imagePullCredentialsType?: string;
    readonly environmentVariables?: readonly EnvironmentVariable[];
  };
  readonly timeoutInMinutes: number;
  readonly queuedTimeoutInMinutes: number;
  readonly concurrentBuildLimit?: number;
  readonly logsConfig?: { readonly cloudWatchLogs?: { readonly status: string; readonly groupName?: string; readonly streamName?: string } };
  readonly encryptionKey: string;
  readonly created: number;
  readonly lastModified: number;
}

const UNDERSTOOD = new Set([
  'name', 'description', 'serviceRole', 'source', 'artifacts', 'environment', 'timeoutInMinutes', 'queuedTimeoutInMinutes', 'concurrentBuildLimit', 'logsConfig',
  'encryptionKey', 'cache', 'tags', 'visibility', 'badgeEnabled',
  // Everything here is in one network.
  'vpcConfig',
]);

/** A project with what is asked of it. */
export function projectFrom(
  { account, region, now }: { readonly account: string; readonly region: string; readonly now: number },
  input: { readonly [name: string]: unknown }, before?: Project,
): Project {
  const unknown = Object.keys(input).find((name) => !UNDERSTOOD.has(name));
  if (unknown !== undefined) { throw invalid(`${unknown} of a project is not known here`); }
  const given = input as unknown as Partial<Project> & Pick<Project, 'name'>;
  const project = {
    timeoutInMinutes: 60,
    queuedTimeoutInMinutes: 480,
    encryptionKey: `arn:aws:kms:${region}:${account}:alias/aws/s3`,
    ...before,
    ...given,
    account,
    region,
    arn: `arn:aws:codebuild:${region}:${account}:project/${given.name}`,
    created: before?.created ?? now,
    lastModified: now,
  } as Project;
  for (const part of ['serviceRole', 'source', 'artifacts', 'environment'] as const) {
    if (project[part] === undefined) { throw invalid(`Project ${part} is required`); }
  }
  checkMinutes('timeoutInMinutes', project.timeoutInMinutes, 2160);
  checkMinutes('queuedTimeoutInMinutes', project.queuedTimeoutInMinutes, 480);
  if (!['NO_SOURCE', 'S3'].includes(project.source.type)) { throw invalid(`Sources of the type ${project.source.type} are not known here`); }
  if (project.source.type === 'NO_SOURCE' && !project.source.buildspec) { throw invalid('Invalid project source: a buildspec is required for NO_SOURCE'); }
  if (project.artifacts.type !== 'NO_ARTIFACTS') { throw invalid(`Artifacts of the type ${project.artifacts.type} are not known here`); }
  return project;
}

/** The environment's variables, and those of a build over them. */
export function variablesWith(project: Project, overrides: readonly EnvironmentVariable[] = []): EnvironmentVariable[] {
  return [...new Map([...project.environment.environmentVariables ?? [], ...overrides].map((one) => [one.name, one])).values()];
}

export function checkMinutes(name: string, minutes: number, most: number): void {
  if (Number(minutes) >= 5 && Number(minutes) <= most) { return; }
  throw invalid(`Invalid ${name}: it must be between 5 and ${most} minutes`);
}

export function invalid(message: string): ApiError {
  return new ApiError('InvalidInputException', message);
}
