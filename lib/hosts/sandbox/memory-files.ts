import { quote } from '../../plan/shell';
import type { LaunchRequirements } from '../../ports/launch-requirements';

/** Where a machine sees the files that its host gives it: in memory, read-only, never part of its disk. */
const FOLDER = '/run/golden-host';

/** Units that would only get in the way of a build, or that look for links and disks which the sandbox provides itself. */
const QUIET_UNITS = [
  'apt-daily.service', 'apt-daily-upgrade.service', 'unattended-upgrades.service', 'systemd-networkd-wait-online.service',
  'systemd-remount-fs.service',
];

/**
 * A POSIX shell script that writes, in its working folder, the files a machine gets in memory: its resolver, what makes its
 * SSH server take our keys, and what keeps quiet while it is built. Read from stdin, so that keys are in no argument.
 */
export function memoryFiles(requirements: LaunchRequirements): string {
  return [
    ...file('resolv.conf', 'nameserver 10.0.2.3\n'),
    ...file('resolved.conf.d/golden.conf', '[Resolve]\nDNS=10.0.2.3\n'),
    ...QUIET_UNITS.flatMap((unit) => file(`units/${unit}.d/golden.conf`, `[Unit]\nConditionPathExists=!${FOLDER}\n`)),
    ...file('units/ssh.service.d/90-golden.conf', sshDropIn(requirements)),
    ...(requirements.authorizedKey ? file('ssh/root', `${requirements.authorizedKey.trim()}\n`, '0644') : []),
    ...(requirements.hostKey ? file('ssh/host_key', `${requirements.hostKey.privateKey.trim()}\n`, '0600') : []),
  ].join('\n') + '\n';
}

/** The SSH server of a machine under construction has a host key in memory, so that none gets onto its disk. */
function sshDropIn(requirements: LaunchRequirements): string {
  const key = requirements.hostKey ? `${FOLDER}/ssh/host_key` : '/run/sshd/golden_host_key';
  const makeKey = requirements.hostKey ? '' : `ExecStartPre=/bin/sh -c 'test -s ${key} || ssh-keygen -q -t ed25519 -N "" -f ${key}'\n`;
  return `[Service]
ExecStartPre=
${makeKey}ExecStart=
ExecStart=/usr/sbin/sshd -D -o "HostKey ${key}" -o "AuthorizedKeysFile ${FOLDER}/ssh/%%u .ssh/authorized_keys" $SSHD_OPTS
`;
}

function file(path: string, content: string, mode = '0644'): string[] {
  const folder = path.includes('/') ? [`mkdir -p ${quote(path.slice(0, path.lastIndexOf('/')))}`] : [];
  // printf is built into the shell: what it writes is in no argument list.
  return [...folder, `: > ${quote(path)}`, `chmod ${mode} ${quote(path)}`, `printf %s ${quote(content)} > ${quote(path)}`];
}
