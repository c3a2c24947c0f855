import { StartSessionCommand, TerminateSessionCommand } from '@aws-sdk/client-ssm';
import { SessionChannel } from './session-channel';
import { interrupted, SsmApi } from './ssm-api';
import { GoldenError } from '../../errors';
import type { Clock } from '../../ports/clock';
import type { CloudAccess } from '../../ports/cloud-access';
import type { Dialer } from '../../ports/dialer';

const TERMINATE_MS = 5_000;

export interface SessionDialerOptions {
  readonly access: CloudAccess;
  readonly instanceId: string;
  readonly clock: Clock;
}

/**
 * Opens ports of an instance through Session Manager: none of them is reachable from elsewhere, and no plugin is needed. Each
 * stream is a session of its own, which is ended with it. Communicators over SSH take it as a machine's `access.dial`:
 *
 *     open: (machine) => ssh.open(Object.create(machine, { access: { value: { ...machine.access, dial: sessionDialer({ ... }) } } }))
 *
 * with `requirements: { ...ssh.requirements, inboundPort: undefined, managed: true }`.
 */
export function sessionDialer({ access, instanceId, clock }: SessionDialerOptions): Dialer {
  const api = new SsmApi(access);
  return async (port, { timeoutMs, signal }) => {
    const begun = clock.now();
    const input = { Target: instanceId, DocumentName: 'AWS-StartSSHSession', Parameters: { portNumber: [String(port)] } };
    const session = await api.call('StartSession', (client, options) => client.send(new StartSessionCommand(input), options), {
      clock, patienceMs: timeoutMs, signal, passing: { name: 'TargetNotConnected', ms: timeoutMs },
    });
    const streamUrl = session.StreamUrl!;
    const agent = streamUrl.startsWith('wss:') ? access.agents?.https : access.agents?.http;
    const channel = new SessionChannel({ sessionId: session.SessionId!, streamUrl, token: session.TokenValue! }, agent);
    channel.on('error', () => { /* whoever reads it is told */ });
    channel.once('close', () => {
      api.call('TerminateSession', (client) => client.send(new TerminateSessionCommand({ SessionId: session.SessionId })), { clock, patienceMs: TERMINATE_MS })
        .catch(() => undefined)
        .finally(() => api.close());
    });
    const over = new AbortController();
    const late = clock.sleep(Math.max(0, timeoutMs - (clock.now() - begun)), signal ? AbortSignal.any([signal, over.signal]) : over.signal)
      .then(() => { throw new GoldenError('connection-lost', `The agent of ${instanceId} did not open port ${port} within ${timeoutMs / 1000} s`); });
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
  };
}
