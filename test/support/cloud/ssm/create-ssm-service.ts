import { Agents } from './agents';
import type { CommandRequest } from './command-records';
import { describeInstanceInformation, getServiceSetting } from './instance-information';
import { RunCommand, type RunCommandSettings } from './run-command';
import { Sessions, type SessionSettings } from './sessions';
import type { SsmCall, SsmService, SsmSurroundings } from './ssm-service';
import { ApiError } from '../protocol/api-error';

/** How Systems Manager behaves; tests change it. `reset` leaves it as it is. */
export interface SsmSettings extends RunCommandSettings, SessionSettings {
  /** Default Host Management: the role of instances that have none. */
  hostManagementRole: string;
}

export const DEFAULT_SSM_SETTINGS: SsmSettings = {
  deliveryMs: 5, invocationMs: 20, maxCommandBytes: 65_536, hostManagementRole: '$None', loss: 0, disorder: 0, agentVersion: '3.3.1230.0', kmsKey: '',
};

/** The service, with what tests want to see and to do. */
export interface TestableSsmService extends SsmService {
  readonly settings: SsmSettings;
  /** Every command that was sent, with its parameters. */
  readonly history: readonly CommandRequest[];
  /** What clients of Session Manager did that the protocol does not allow. */
  readonly violations: readonly string[];
  /** The agent of an instance falls silent: it takes no commands, and nobody hears of those it runs. Its sessions end. */
  dropAgent(instanceId: string): void;
  restoreAgent(instanceId: string): void;
  /** Cuts the WebSockets of all sessions now; the sessions themselves go on. Returns how many they were. */
  dropSessions(): number;
}

export function createSsmService(surroundings: SsmSurroundings): TestableSsmService {
  const settings = { ...DEFAULT_SSM_SETTINGS };
  const agents = new Agents(surroundings);
  const commands = new RunCommand(surroundings, agents, settings);
  const sessions = new Sessions(surroundings, agents, settings);
  const actions: { readonly [action: string]: (call: SsmCall) => object | Promise<object> } = {
    SendCommand: (call) => commands.send(call),
    GetCommandInvocation: (call) => commands.invocation(call),
    ListCommandInvocations: (call) => commands.list(call),
    ListCommands: (call) => commands.listCommands(call),
    CancelCommand: (call) => commands.cancel(call),
    DescribeInstanceInformation: (call) => describeInstanceInformation(call, agents, surroundings),
    GetServiceSetting: (call) => getServiceSetting(call, settings.hostManagementRole),
    StartSession: (call) => sessions.start(call),
    ResumeSession: (call) => sessions.resume(call),
    TerminateSession: (call) => sessions.terminate(call),
  };
  return {
    settings,
    history: commands.history,
    violations: sessions.violations,
    actions: new Set(Object.keys(actions)),
    async handle(call) {
      const action = actions[call.action];
      if (!action) { throw new ApiError('UnknownOperationException', `${call.action} is not known here`); }
      return action(call);
    },
    upgrade: (request, socket, head) => sessions.upgrade(request, socket, head),
    dropAgent(instanceId) { agents.drop(instanceId); sessions.endOf(instanceId); },
    restoreAgent: (instanceId) => agents.restore(instanceId),
    dropSessions: () => sessions.drop(),
    async reset() {
      sessions.reset();
      await commands.reset();
      agents.reset();
    },
  };
}
