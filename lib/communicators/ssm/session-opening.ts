import { StartSessionCommand, TerminateSessionCommand } from '@aws-sdk/client-ssm';
import { SessionChannel } from './session-channel';
import { interrupted, type SsmApi } from './ssm-api';
import { GoldenError } from '../../errors';
import type { Clock } from '../../ports/clock';
import type { CloudAccess } from '../../ports/cloud-access';

const TERMINATE_MS = 5_000;

export interface SessionRequest {
  readonly instanceId: string;
  /** What the agent is to do, by the name of a document of Session Manager. */
  readonly document: string;
  readonly parameters: Record<string, string[]>;
  readonly far: 'port' | 'terminal';
  /** Completes the sentence "The agent of i-0123 did not ...". */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Called when the service has ended it, too, after its channel was closed. */
  readonly onEnded: () => void;
}

/** Starts a session with the agent of an instance, and returns when bytes go both ways. It is ended with its channel. */
export async function openSession(api: SsmApi, access: CloudAccess, clock: Clock, request: SessionRequest): Promise<SessionChannel> {
  const { instanceId, document: DocumentName, parameters: Parameters, far, timeoutMs, signal } = request;
  const begun = clock.now();
  const input = { Target: instanceId, DocumentName, Parameters };
  const session = await api.call('StartSession', (client, options) => client.send(new StartSessionCommand(input), options), {
    clock, patienceMs: timeoutMs, signal, passing: { name: 'TargetNotConnected', ms: timeoutMs },
  });
  const streamUrl = session.StreamUrl!;
  const agent = streamUrl.startsWith('wss:') ? access.agents?.https : access.agents?.http;
  const channel = new SessionChannel({ sessionId: session.SessionId!, streamUrl, token: session.TokenValue!, far }, agent);
  channel.on('error', () => { /* whoever reads it is told */ });
  channel.once('close', () => {
    api.call('TerminateSession', (client) => client.send(new TerminateSessionCommand({ SessionId: session.SessionId })), { clock, patienceMs: TERMINATE_MS })
      .catch(() => undefined)
      .finally(request.onEnded);
  });
  const over = new AbortController();
  const late = clock.sleep(Math.max(0, timeoutMs - (clock.now() - begun)), signal ? AbortSignal.any([signal, over.signal]) : over.signal)
    .then(() => { throw new GoldenError('connection-lost', `The agent of ${instanceId} did not ${request.what} within ${timeoutMs / 1000} s`); });
  try {
    await Promise.race([channel.ready, late]);
    return channel;
  } catch (error) {
    channel.destroy();
    throw signal?.aborted ? interrupted(error) : error;
  } finally {
    over.abort();
    late.catch(() => undefined);
  }
}
