import { randomUUID } from 'crypto';
import { buildAnswer, type Build } from './build';
import { BuildRun, type Interruption } from './build-run';
import { checkMinutes, invalid, projectFrom, variablesWith, type EnvironmentVariable, type Project } from './project';
import { stateChange } from './state-change';
import type { EventsService } from '../events/events-service';
import { ApiError } from '../protocol/api-error';
import { answer, type Service, type ServiceAnswer, type ServiceCall } from '../service';
import type { ServiceSurroundings } from '../service-surroundings';

/** How CodeBuild behaves; tests change it. */
export interface CodeBuildSettings {
  /** How long a minute of a build's timeout is. */
  minuteMs: number;
}

interface StartInput {
  readonly projectName: string;
  readonly environmentVariablesOverride?: readonly EnvironmentVariable[];
  readonly timeoutInMinutesOverride?: number;
  readonly sourceVersion?: string;
  readonly idempotencyToken?: string;
}

const START_UNDERSTOOD = new Set(['projectName', 'environmentVariablesOverride', 'timeoutInMinutesOverride', 'sourceVersion', 'idempotencyToken']);

/** CodeBuild. Buildspecs are really executed, in folders of their own. */
export class CodeBuildService implements Service {
  readonly settings: CodeBuildSettings = { minuteMs: 60_000 };
  readonly builds = new Map<string, Build>();
  private readonly projects = new Map<string, Project>();
  private readonly runs = new Map<string, { readonly run: BuildRun; readonly ended: Promise<void> }>();
  /** Builds by the token that they were asked for with. */
  private readonly tokens = new Map<string, { readonly build: Build; readonly input: string }>();
  private readonly numbers = new Map<string, number>();

  private readonly calls: { readonly [action: string]: (call: ServiceCall) => object | Promise<object> } = {
    CreateProject: (call) => this.create(call),
    UpdateProject: (call) => this.update(call),
    DeleteProject: (call) => { this.projects.delete(arnOf(call, String(call.input.name))); return {}; },
    BatchGetProjects: (call) => this.batchGetProjects(call),
    ListProjects: (call) => ({ projects: this.projectsOf(call).map(({ name }) => name) }),
    StartBuild: (call) => ({ build: buildAnswer(this.startBuild(call)) }),
    StopBuild: (call) => this.stop(call),
    BatchGetBuilds: (call) => this.batchGetBuilds(call),
    ListBuildsForProject: (call) => ({ ids: this.buildsOf(this.project(call, 'projectName')).map(({ id }) => id).reverse() }),
  };
  readonly actions = new Set(Object.keys(this.calls));

  constructor(private readonly surroundings: ServiceSurroundings, private readonly events: EventsService) {}

  async handle(call: ServiceCall): Promise<ServiceAnswer> {
    return answer(await this.calls[call.action](call));
  }

  /** Ends the container of a build, as where its computer is lost or runs out of memory. Resolves when CodeBuild has noticed. */
  async killContainer(id: string, status: Extract<Interruption, 'FAILED' | 'FAULT'> = 'FAILED'): Promise<void> {
    const going = this.runs.get(id);
    if (!going) { throw new Error(`The build ${id} does not run`); }
    going.run.interrupt(status);
    await going.ended;
  }

  /** Waits for all builds that run. */
  async settled(): Promise<void> {
    while (this.runs.size > 0) { await Promise.all([...this.runs.values()].map(({ ended }) => ended)); }
  }

  async reset(): Promise<void> {
    for (const { run } of this.runs.values()) { run.interrupt('STOPPED'); }
    await this.settled();
    for (const kept of [this.builds, this.projects, this.tokens, this.numbers]) { kept.clear(); }
    this.settings.minuteMs = 60_000;
  }

  private async create(call: ServiceCall): Promise<object> {
    const project = projectFrom({ ...call, now: this.surroundings.now() }, call.input);
    if (this.projects.has(project.arn)) { throw new ApiError('ResourceAlreadyExistsException', `Project already exists: ${project.arn}`); }
    return this.keep(project);
  }

  private async update(call: ServiceCall): Promise<object> {
    return this.keep(projectFrom({ ...call, now: this.surroundings.now() }, call.input, this.project(call, 'name')));
  }

  private async keep(project: Project): Promise<object> {
    if (!await this.surroundings.roles.assume(project.serviceRole, 'codebuild.amazonaws.com', 'check')) {
      throw invalid(`CodeBuild is not authorized to perform: sts:AssumeRole on ${project.serviceRole}`);
    }
    this.projects.set(project.arn, project);
    return { project: projectAnswer(project) };
  }

  private startBuild(call: ServiceCall): Build {
    const input = call.input as unknown as StartInput;
    const unknown = Object.keys(input).find((name) => !START_UNDERSTOOD.has(name));
    if (unknown !== undefined) { throw invalid(`${unknown} of a build is not known here`); }
    const project = this.project(call, 'projectName');
    const token = input.idempotencyToken && `${project.arn} ${input.idempotencyToken}`;
    const before = token ? this.tokens.get(token) : undefined;
    if (before && this.surroundings.now() - before.build.startTime < 5 * 60_000) {
      if (before.input !== JSON.stringify(input)) { throw invalid('The request has the same idempotency token as another one, and other parameters'); }
      return before.build;
    }
    const running = this.buildsOf(project).filter(({ status }) => status === 'IN_PROGRESS').length;
    if (project.concurrentBuildLimit !== undefined && running >= project.concurrentBuildLimit) {
      throw new ApiError('AccountLimitExceededException', `Project-level concurrent build limit cannot exceed ${project.concurrentBuildLimit}`);
    }
    if (input.timeoutInMinutesOverride !== undefined) { checkMinutes('timeoutInMinutesOverride', input.timeoutInMinutesOverride, 2160); }
    const build = this.newBuild(project, input);
    if (token) { this.tokens.set(token, { build, input: JSON.stringify(input) }); }
    this.begin(build);
    return build;
  }

  private newBuild(project: Project, input: StartInput): Build {
    const uuid = randomUUID();
    const number = (this.numbers.get(project.arn) ?? 0) + 1;
    this.numbers.set(project.arn, number);
    const { groupName = `/aws/codebuild/${project.name}`, streamName } = project.logsConfig?.cloudWatchLogs ?? {};
    const now = this.surroundings.now();
    return {
      id: `${project.name}:${uuid}`,
      arn: `arn:aws:codebuild:${project.region}:${project.account}:build/${project.name}:${uuid}`,
      uuid,
      number,
      project,
      variables: variablesWith(project, input.environmentVariablesOverride),
      timeoutInMinutes: Number(input.timeoutInMinutesOverride ?? project.timeoutInMinutes),
      initiator: 'user',
      sourceVersion: input.sourceVersion,
      group: groupName,
      stream: streamName === undefined ? uuid : `${streamName}/${uuid}`,
      startTime: now,
      status: 'IN_PROGRESS',
      phases: [{ phaseType: 'SUBMITTED', startTime: now, contexts: [] }],
    };
  }

  private begin(build: Build): void {
    this.builds.set(build.id, build);
    const run = new BuildRun(build, { surroundings: this.surroundings, minuteMs: this.settings.minuteMs });
    this.events.emit(build.project, stateChange(build));
    const ended = run.run().finally(() => {
      this.runs.delete(build.id);
      this.events.emit(build.project, stateChange(build));
    });
    this.runs.set(build.id, { run, ended });
  }

  private async stop(call: ServiceCall): Promise<object> {
    const build = this.find(call, String(call.input.id));
    if (!build) { throw new ApiError('ResourceNotFoundException', `Build ${String(call.input.id)} does not exist`); }
    this.runs.get(build.id)?.run.interrupt('STOPPED');
    return { build: buildAnswer(build) };
  }

  private batchGetBuilds(call: ServiceCall): object {
    const ids = call.input.ids as readonly string[];
    const found = ids.map((id) => this.find(call, id));
    return { builds: found.flatMap((build) => build ? [buildAnswer(build)] : []), buildsNotFound: ids.filter((_id, at) => !found[at]) };
  }

  private batchGetProjects(call: ServiceCall): object {
    const names = call.input.names as readonly string[];
    const found = names.map((name) => this.projects.get(arnOf(call, name)));
    const projects = found.flatMap((project) => project ? [projectAnswer(project)] : []);
    return { projects, projectsNotFound: names.filter((_name, at) => !found[at]) };
  }

  /** By its ID or its ARN. */
  private find({ account, region }: ServiceCall, id: string): Build | undefined {
    const build = this.builds.get(id.split(':build/').pop()!);
    return build && build.project.account === account && build.project.region === region ? build : undefined;
  }

  private project(call: ServiceCall, parameter: string): Project {
    const project = this.projects.get(arnOf(call, String(call.input[parameter])));
    if (!project) { throw new ApiError('ResourceNotFoundException', `Project cannot be found: ${arnOf(call, String(call.input[parameter]))}`); }
    return project;
  }

  private buildsOf({ arn }: Project): Build[] {
    return [...this.builds.values()].filter(({ project }) => project.arn === arn);
  }

  private projectsOf({ account, region }: ServiceCall): Project[] {
    return [...this.projects.values()].filter((project) => project.account === account && project.region === region);
  }
}

function arnOf({ account, region }: ServiceCall, name: string): string {
  return name.startsWith('arn:') ? name : `arn:aws:codebuild:${region}:${account}:project/${name}`;
}

function projectAnswer({ account: _account, region: _region, created, lastModified, ...project }: Project): object {
  return { ...project, created: created / 1000, lastModified: lastModified / 1000 };
}
