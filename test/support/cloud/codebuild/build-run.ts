import { mkdirSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { Build, BuildStatus, Phase, PhaseType } from './build';
import { environmentOf } from './build-environment';
import { BuildShell } from './build-shell';
import { readBuildspec, type Buildspec, type CommandPhase, type PhaseSpec } from './buildspec';
import { LogStream } from '../log-stream';
import type { SessionCredentials } from '../role-sessions';
import { readObject, type Caller } from '../service-client';
import type { ServiceSurroundings } from '../service-surroundings';
import { unpackZip } from '../zip';

/** How a build ends that does not come to its own end. */
export type Interruption = Extract<BuildStatus, 'FAILED' | 'FAULT' | 'TIMED_OUT' | 'STOPPED'>;

interface RunOptions {
  readonly surroundings: ServiceSurroundings;
  /** How long a minute of its timeout is. */
  readonly minuteMs: number;
}

class Interrupted extends Error {}

const CONTEXTS: { readonly [end in Interruption]: readonly [statusCode: string, message: string] } = {
  FAILED: ['COMMAND_EXECUTION_ERROR', 'The build container was terminated.'],
  FAULT: ['INTERNAL_SERVICE_ERROR', 'The build container is gone.'],
  TIMED_OUT: ['BUILD_TIMED_OUT', 'Build has timed out. '],
  STOPPED: ['CLIENT_STOPPED', 'Build was stopped.'],
};

/** Runs a build: in a folder of its own, with the credentials of its service role and nothing of this process. */
export class BuildRun {
  private readonly root = mkdtempSync(join(tmpdir(), 'golden-codebuild-'));
  private readonly log: LogStream;
  private interruption: Interruption | undefined;
  private shell: BuildShell | undefined;
  private interrupted!: () => void;
  private readonly onInterrupt = new Promise<void>((resolve) => { this.interrupted = resolve; });
  private session: SessionCredentials | undefined;

  constructor(private readonly build: Build, private readonly options: RunOptions) {
    this.log = new LogStream(() => this.caller(), { group: build.group, stream: build.stream }, () => Date.now());
  }

  /** Ends its container, whatever runs in it. */
  interrupt(how: Interruption): void {
    if (this.interruption !== undefined || this.build.status !== 'IN_PROGRESS') { return; }
    this.interruption = how;
    this.shell?.kill();
    this.interrupted();
  }

  async run(): Promise<void> {
    const { surroundings, minuteMs } = this.options;
    const ended = new AbortController();
    void surroundings.sleep(this.build.timeoutInMinutes * minuteMs, ended.signal).then(() => { if (!ended.signal.aborted) { this.interrupt('TIMED_OUT'); } });
    const path = `/build-credentials/${this.build.uuid}`;
    surroundings.paths.set(path, async (_request, response) => { response.end(JSON.stringify(await this.containerCredentials())); });
    let status: BuildStatus;
    try {
      status = await this.phases(`${surroundings.endpoint().replace('localhost', '127.0.0.1')}${path}`);
    } catch (error) {
      if (!(error instanceof Interrupted)) { throw error; }
      status = this.interruption!;
    } finally {
      ended.abort();
      this.shell?.kill();
      surroundings.paths.delete(path);
      await this.log.flush();
      rmSync(this.root, { recursive: true, force: true });
    }
    this.begin('COMPLETED');
    this.build.endTime = surroundings.now();
    this.build.status = status;
  }

  private async phases(credentialsUrl: string): Promise<BuildStatus> {
    // It was submitted when it was asked for.
    Object.assign(this.build.phases[0], { phaseStatus: 'SUCCEEDED', endTime: this.options.surroundings.now() });
    await this.phase('QUEUED', async () => undefined);
    let spec!: Buildspec;
    const source = join(this.root, 'src');
    const isReady = await this.phase('PROVISIONING', async () => this.provision(source))
      && await this.phase('DOWNLOAD_SOURCE', async () => {
        await this.download(source);
        spec = readBuildspec(this.build.project.source.buildspec ?? '');
        const environment = await environmentOf(this.build, spec, { source, home: join(this.root, 'home'), credentialsUrl }, await this.caller());
        this.shell = new BuildShell({
          shell: spec.shell, folder: source, environment, state: join(this.root, 'state'), onOutput: (text) => this.output(text),
        });
      });
    let succeeding = isReady;
    const run = async (phase: CommandPhase) => {
      if (!await this.phase(phase.toUpperCase() as PhaseType, () => this.commands(spec.phases[phase], succeeding))) { succeeding = false; }
    };
    if (succeeding) { await run('install'); }
    if (succeeding) { await run('pre_build'); }
    if (succeeding) {
      await run('build');
      // It runs after a build that failed, too.
      await run('post_build');
      await this.phase('UPLOAD_ARTIFACTS', async () => undefined);
    }
    await this.phase('FINALIZING', async () => undefined);
    return succeeding ? 'SUCCEEDED' : 'FAILED';
  }

  /** Does what a phase is for. Answers whether it succeeded. */
  private async phase(type: PhaseType, act: () => Promise<void>): Promise<boolean> {
    const phase = this.begin(type);
    const end = (status: NonNullable<Phase['phaseStatus']>, code: string, message: string) => {
      phase.phaseStatus = status;
      phase.endTime = this.options.surroundings.now();
      if (code || status === 'SUCCEEDED') { phase.contexts = [{ statusCode: code, message }]; }
      this.line(`Phase complete: ${type} State: ${status}`);
      this.line(`Phase context status code: ${code} Message: ${message}`);
    };
    try {
      await Promise.race([act(), this.onInterrupt]);
      if (this.interruption !== undefined) { throw new Interrupted(); }
      end('SUCCEEDED', '', '');
      return true;
    } catch (error) {
      if (this.interruption !== undefined) {
        end(this.interruption, ...CONTEXTS[this.interruption]);
        throw new Interrupted();
      }
      const [, code, message] = /^([A-Z_]+) Message: (.*)$/s.exec((error as Error).message) ?? ['', 'CLIENT_ERROR', (error as Error).message];
      end('FAILED', code, message);
      return false;
    }
  }

  private async provision(source: string): Promise<void> {
    mkdirSync(source);
    mkdirSync(join(this.root, 'home'));
    await this.log.open().catch((error: Error) => {
      throw new Error(`ACCESS_DENIED Message: Service role ${this.build.project.serviceRole} does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for build ${this.build.arn}. Error message: ${error.message}`);
    });
    this.line('Waiting for agent ping');
  }

  private async download(source: string): Promise<void> {
    const { type, location = '' } = this.build.project.source;
    if (type === 'NO_SOURCE') { return; }
    const [bucket, ...key] = location.split('/');
    unpackZip(await readObject(await this.caller(), bucket, key.join('/')), source);
  }

  private async commands(spec: PhaseSpec | undefined, succeeding: boolean): Promise<void> {
    const more = { CODEBUILD_BUILD_SUCCEEDING: succeeding ? '1' : '0' };
    try {
      for (const command of spec?.commands ?? []) { await this.command(command, more); }
    } finally {
      for (const command of spec?.finally ?? []) { await this.command(command, more); }
    }
  }

  private async command(command: string, more: { readonly [name: string]: string }): Promise<void> {
    this.line(`Running command ${command}`);
    const code = await this.shell!.run(command, more);
    // What it wrote last is still on its way.
    await new Promise((resolve) => { setTimeout(resolve, 10); });
    if (code === undefined) { throw new Interrupted(); }
    if (code === 0) { return; }
    this.line(`Command did not exit successfully ${command} exit status ${code}`);
    throw new Error(`COMMAND_EXECUTION_ERROR Message: Error while executing command: ${command}. Reason: exit status ${code}`);
  }

  private begin(phaseType: PhaseType): Phase {
    const phase: Phase = { phaseType, startTime: this.options.surroundings.now(), contexts: [] };
    this.build.phases.push(phase);
    if (/^(INSTALL|PRE_BUILD|BUILD|POST_BUILD)$/.test(phaseType)) { this.line(`Entering phase ${phaseType}`); }
    return phase;
  }

  private line(text: string): void {
    const time = new Date().toISOString().replace(/-/g, '/').replace('T', ' ').replace('Z', '000');
    this.log.write(`[Container] ${time} ${text}\n`);
  }

  private output(text: string): void {
    for (const line of text.replace(/\n$/, '').split('\n')) { this.log.write(`${line}\n`); }
  }

  private async caller(): Promise<Caller> {
    const { surroundings } = this.options;
    const { serviceRole, region } = this.build.project;
    const endpoint = surroundings.endpoint();
    if (this.session && Date.parse(this.session.expiration) > Date.now()) { return { endpoint, region, credentials: this.session }; }
    const credentials = await surroundings.roles.assume(serviceRole, 'codebuild.amazonaws.com', `AWSCodeBuild-${this.build.uuid}`);
    if (!credentials) { throw new Error(`CodeBuild is not authorized to perform: sts:AssumeRole on ${serviceRole}`); }
    this.session = credentials;
    return { endpoint, region, credentials };
  }

  private async containerCredentials(): Promise<object> {
    const { credentials: { accessKeyId, secretAccessKey, sessionToken, expiration } } = await this.caller();
    return { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration: expiration };
  }
}
