import type { Agents } from './agents';
import { expireInvocation, isOver, type CommandRequest, type Invocation } from './command-records';
import { readSendCommand } from './command-request';
import { runInvocation, type RunnerSettings } from './command-runner';
import type { SsmCall, SsmSurroundings } from './ssm-service';
import { ApiError } from '../protocol/api-error';

const PLUGIN = 'aws:runShellScript';
const LISTED_CHARACTERS = 2_500;

export interface RunCommandSettings extends RunnerSettings {
  /** For so long after SendCommand nobody knows of its invocations. */
  invocationMs: number;
  /** Size limit of a command. */
  maxCommandBytes: number;
}

/** Run Command, with the document AWS-RunShellScript. */
export class RunCommand {
  /** Every command that was sent, with its parameters: what they hold, everybody can read who may read the history. */
  readonly history: CommandRequest[] = [];
  private readonly invocations = new Map<string, Invocation[]>();
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly surroundings: SsmSurroundings, private readonly agents: Agents, private readonly settings: RunCommandSettings) {}

  async send(call: SsmCall): Promise<object> {
    const request = readSendCommand(call, this.surroundings.now(), this.settings.maxCommandBytes);
    for (const id of request.instanceIds) {
      if (await this.agents.isManaged(this.surroundings.instance(call.account, call.region, id))) { continue; }
      throw new ApiError('InvalidInstanceId', `Instances [[${id}]] not in a valid state for account ${call.account}`);
    }
    this.history.push(request);
    const invocations = request.instanceIds.map((instanceId): Invocation => ({
      request, instanceId, status: 'Pending', details: 'Pending', exitCode: -1, stdout: '', stderr: '', cancel: new AbortController(),
    }));
    this.invocations.set(request.commandId, invocations);
    invocations.forEach((invocation) => {
      const run = runInvocation(invocation, this.agents, this.surroundings, this.settings).catch(() => undefined);
      this.running.add(run);
      void run.finally(() => this.running.delete(run));
    });
    return { Command: this.command(request) };
  }

  invocation(call: SsmCall): object {
    const { CommandId, InstanceId, PluginName } = call.input;
    const found = this.visible(call).find(({ request, instanceId }) => request.commandId === CommandId && instanceId === InstanceId);
    if (!found) { throw new ApiError('InvocationDoesNotExist', ''); }
    if (PluginName !== undefined && PluginName !== PLUGIN) { throw new ApiError('InvalidPluginName', ''); }
    const { request, startedAt, endedAt } = found;
    return {
      CommandId,
      InstanceId,
      Comment: request.comment,
      DocumentName: request.documentName,
      DocumentVersion: '$DEFAULT',
      PluginName: PLUGIN,
      ResponseCode: found.exitCode,
      Status: found.status,
      StatusDetails: found.details,
      ExecutionStartDateTime: isoTime(startedAt),
      ExecutionEndDateTime: isoTime(endedAt),
      ExecutionElapsedTime: startedAt === undefined || endedAt === undefined ? '' : `PT${(endedAt - startedAt) / 1000}S`,
      StandardOutputContent: found.stdout,
      StandardOutputUrl: '',
      StandardErrorContent: found.stderr,
      StandardErrorUrl: '',
      CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
    };
  }

  list(call: SsmCall): object {
    const { CommandId, InstanceId, Details } = call.input;
    const found = this.visible(call).filter(({ request, instanceId }) => (
      (CommandId === undefined || request.commandId === CommandId) && (InstanceId === undefined || instanceId === InstanceId)
    ));
    return { CommandInvocations: found.map((invocation) => listed(invocation, Details === true)) };
  }

  listCommands(call: SsmCall): object {
    const { CommandId } = call.input;
    const found = this.history.filter(({ account, region, commandId }) => (
      account === call.account && region === call.region && (CommandId === undefined || commandId === CommandId)
    ));
    return { Commands: found.map((request) => this.command(request)) };
  }

  cancel(call: SsmCall): object {
    const { CommandId, InstanceIds } = call.input;
    const found = (this.invocations.get(String(CommandId)) ?? []).filter(({ request }) => (
      request.account === call.account && request.region === call.region
    ));
    if (found.length === 0) { throw new ApiError('InvalidCommandId', `${String(CommandId)} is not a valid command ID.`); }
    const wanted = (InstanceIds as string[] | undefined) ?? [];
    found.filter(({ instanceId }) => wanted.length === 0 || wanted.includes(instanceId)).filter((one) => !isOver(one)).forEach((one) => {
      const pending = one.status === 'Pending';
      Object.assign(one, pending
        ? { status: 'Cancelled', details: 'Cancelled', endedAt: this.surroundings.now() }
        : { status: 'Cancelling', details: 'Cancelling' });
      one.cancel.abort();
    });
    return {};
  }

  async reset(): Promise<void> {
    [...this.invocations.values()].flat().forEach(({ cancel }) => cancel.abort());
    await Promise.all(this.running);
    this.invocations.clear();
    this.history.length = 0;
  }

  private visible(call: SsmCall): Invocation[] {
    const now = this.surroundings.now();
    const found = [...this.invocations.values()].flat().filter(({ request }) => (
      request.account === call.account && request.region === call.region && now >= request.requestedAt + this.settings.invocationMs
    ));
    found.forEach((invocation) => expireInvocation(invocation, now));
    return found;
  }

  private command(request: CommandRequest): object {
    const invocations = this.invocations.get(request.commandId) ?? [];
    const ended = invocations.filter(isOver);
    const failed = ended.filter(({ status }) => status !== 'Success');
    const status = ended.length < invocations.length ? invocations[0].status : failed[0]?.status ?? 'Success';
    return {
      CommandId: request.commandId,
      DocumentName: request.documentName,
      DocumentVersion: '$DEFAULT',
      Comment: request.comment,
      ExpiresAfter: seconds(request.requestedAt + request.timeoutMs + request.executionMs),
      Parameters: request.parameters,
      InstanceIds: request.instanceIds,
      Targets: [],
      RequestedDateTime: seconds(request.requestedAt),
      Status: status,
      StatusDetails: status,
      MaxConcurrency: '50',
      MaxErrors: '0',
      TargetCount: invocations.length,
      CompletedCount: ended.length,
      ErrorCount: failed.length,
      DeliveryTimedOutCount: ended.filter(({ details }) => details === 'DeliveryTimedOut').length,
      ServiceRole: '',
      TimeoutSeconds: request.timeoutMs / 1000,
    };
  }
}

function listed(invocation: Invocation, details: boolean): object {
  const { request, instanceId, status, startedAt, endedAt } = invocation;
  const state = { Status: status, StatusDetails: invocation.details };
  const plugin = {
    Name: PLUGIN,
    ...state,
    ResponseCode: invocation.exitCode,
    Output: (invocation.stdout + invocation.stderr).slice(0, LISTED_CHARACTERS),
    ...(startedAt === undefined ? {} : { ResponseStartDateTime: seconds(startedAt) }),
    ...(endedAt === undefined ? {} : { ResponseFinishDateTime: seconds(endedAt) }),
  };
  return {
    CommandId: request.commandId,
    InstanceId: instanceId,
    InstanceName: '',
    Comment: request.comment,
    DocumentName: request.documentName,
    DocumentVersion: '$DEFAULT',
    RequestedDateTime: seconds(request.requestedAt),
    ...state,
    CommandPlugins: details ? [plugin] : [],
  };
}

function seconds(milliseconds: number): number {
  return milliseconds / 1000;
}

function isoTime(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '' : new Date(milliseconds).toISOString();
}
