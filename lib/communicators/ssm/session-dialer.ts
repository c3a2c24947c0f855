import { openSession } from './session-opening';
import { SsmApi } from './ssm-api';
import type { Clock } from '../../ports/clock';
import type { CloudAccess } from '../../ports/cloud-access';
import type { Dialer } from '../../ports/dialer';

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
  return (port, { timeoutMs, signal }) => openSession(api, access, clock, {
    instanceId,
    document: 'AWS-StartSSHSession',
    parameters: { portNumber: [String(port)] },
    far: 'port',
    what: `open port ${port}`,
    timeoutMs,
    signal,
    onEnded: () => api.close(),
  });
}
