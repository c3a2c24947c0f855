import type { CloudMachineRequest } from './machine-provider';
import { quote } from '../../../../lib/plan/shell';

/** Units that look for links and disks which the provider provides itself, or that only get in the way. */
const QUIET_UNITS = [
  'apt-daily.service', 'apt-daily-upgrade.service', 'systemd-networkd-wait-online.service', 'systemd-remount-fs.service',
];

/** A script that writes what a machine finds in memory: its resolver, what keeps quiet, and what an instance is told by its cloud. */
export function bootedMemory(request: CloudMachineRequest): string {
  const { instanceId, userData, publicKey, address } = request;
  const metaData = {
    'instance-id': instanceId,
    'local-hostname': `ip-${address.replace(/\./g, '-')}`,
    ...(publicKey === undefined ? {} : { 'public-keys': [publicKey.trim()] }),
  };
  return [
    ...file('resolv.conf', 'nameserver 10.0.2.3\n'),
    ...file('resolved.conf.d/golden.conf', '[Resolve]\nDNS=10.0.2.3\n'),
    ...QUIET_UNITS.flatMap((unit) => file(`units/${unit}.d/golden.conf`, '[Unit]\nConditionPathExists=!/run/golden-host\n')),
    ...file('seed/meta-data', JSON.stringify(metaData)),
    ...file('seed/vendor-data', ''),
    'umask 077',
    `printf %s ${quote((userData ?? Buffer.alloc(0)).toString('base64'))} | base64 -d > seed/user-data`,
  ].join('\n') + '\n';
}

function file(path: string, content: string): string[] {
  const folder = path.includes('/') ? [`mkdir -p ${quote(path.slice(0, path.lastIndexOf('/')))}`] : [];
  return [...folder, `printf %s ${quote(content)} > ${quote(path)}`, `chmod 0644 ${quote(path)}`];
}
