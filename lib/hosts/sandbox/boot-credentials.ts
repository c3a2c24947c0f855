import type { LaunchRequirements } from '../../ports/launch-requirements';

const HOST_KEY = '/etc/ssh/ssh_host_ed25519_key';
const AUTHORIZED_KEYS = '/root/.ssh/authorized_keys';

/**
 * What lets a communicator into an image without changing it: a system credential that systemd (252 and newer) reads from
 * the firmware's tables, and from which systemd-tmpfiles writes the keys into the running machine before sshd starts.
 * @returns the string of an SMBIOS table of type 11
 */
export function bootCredentials(requirements: LaunchRequirements): string {
  const lines: string[] = [];
  if (requirements.hostKey) {
    lines.push(
      line('f+~', HOST_KEY, '0600', text(requirements.hostKey.privateKey)),
      line('f+~', `${HOST_KEY}.pub`, '0644', text(requirements.hostKey.publicKey)),
    );
  }
  if (requirements.authorizedKey) {
    lines.push(
      line('d', '/root/.ssh', '0700'),
      line('f', AUTHORIZED_KEYS, '0600'),
      // Appended, so that the keys of the image stay in force; its last line may lack a newline.
      line('w+~', AUTHORIZED_KEYS, '-', `\n${text(requirements.authorizedKey)}`),
    );
  }
  return `io.systemd.credential.binary:tmpfiles.extra=${base64(lines.join(''))}`;
}

/** A line of tmpfiles.d(5); `~` in its type says that the content is base64. */
function line(type: string, path: string, mode: string, content?: string): string {
  const owner = type.startsWith('w') ? '- -' : 'root root';
  return `${type} ${path} ${mode} ${owner} - ${content === undefined ? '-' : base64(content)}\n`;
}

function text(key: string): string {
  return key.endsWith('\n') ? key : `${key}\n`;
}

function base64(content: string): string {
  return Buffer.from(content).toString('base64');
}
