import { freshKey } from './keys';
import { SshCommunicator } from './ssh-communicator';
import { SshConnection } from './ssh-connection';
import type { CommunicatorFactory } from '../../ports/communicator';

/**
 * Communicators over SSH, through the machine's `dial`. Each call makes a key to log in with and the host key that the machine
 * has to present; both live in memory only.
 */
export function sshCommunicators(): CommunicatorFactory {
  const key = freshKey();
  const hostKey = freshKey();
  return {
    kind: 'ssh',
    requirements: { authorizedKey: key.publicKey, hostKey },
    open: (machine) => new SshCommunicator(machine, new SshConnection(machine, key, hostKey.publicKey)),
  };
}
