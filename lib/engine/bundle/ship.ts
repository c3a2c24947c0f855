import { createHash } from 'crypto';
import { GoldenError } from '../../errors';
import { quote } from '../../plan/shell';
import type { Connection } from '../connection';
import type { Bundle, MachineFolders } from './bundle';
import { bundleArchive } from './bundle-archive';
import { TAR_END, tarHeader, tarPadding } from './tar-header';

/** A short wire gains nothing from compression; any other does, even from the cheapest. */
const COMPRESSION = { exec: 0, ssh: 1, ssm: 6 } as const;

/** Extracting some gigabytes may take a while on a slow disk. */
const START_TIMEOUT_MS = 900_000;

/** Brings a bundle to the machine in one transfer, and starts its runner, detached from the connection. */
export async function shipBundle(connection: Connection, folders: MachineFolders, bundle: Bundle): Promise<void> {
  const secrets = secretFiles(bundle);
  const facts = (await connection.demand('make room for a bundle', prepareCommand(folders, bundle))).toString();
  if (secrets.length > 0 && !facts.includes('memory')) {
    throw new GoldenError('no-memory-backed-folder', `The machine has no memory-backed ${folders.state}, and secrets must not reach its disk`, {
      hint: 'Mount a tmpfs on /run of the source, or do without secrets on this host.',
    });
  }
  await connection.upload(() => bundleArchive(bundle, COMPRESSION[connection.communicator.kind]), `${bundle.payload}.tar.gz`);
  await connection.demand('start a bundle', startCommand(bundle), { stdin: Buffer.concat([...secrets, TAR_END]), timeoutMs: START_TIMEOUT_MS });
}

/** Secrets go through stdin, so that no list of processes shows them, and lie in memory from there on. */
function secretFiles(bundle: Bundle): Buffer[] {
  return bundle.instructions.filter(({ secretsScript }) => secretsScript !== undefined).flatMap(({ index, secretsScript }) => {
    const content = Buffer.from(secretsScript!);
    return [tarHeader({ name: Buffer.from(`${index}.secrets`), type: 'file', mode: 0o600, size: content.length }), content, tarPadding(content.length)];
  });
}

function prepareCommand(folders: MachineFolders, bundle: Bundle): string {
  return `set -e
umask 077
mkdir -p ${folders.state} ${folders.payload}
chmod 0711 ${folders.payload}
type=$(stat -f -c %T ${folders.state})
if [ "$type" != tmpfs ] && mount -t tmpfs -o mode=0700 golden ${folders.state} 2>/dev/null; then type=tmpfs; fi
mkdir -p ${bundle.state}
[ "$type" != tmpfs ] || echo memory`;
}

/** May run twice, where the connection broke under it; what was started is not started again. */
function startCommand({ payload, state }: Bundle): string {
  const runner = `env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh ${quote(`${payload}/runner.sh`)} ${payload} ${state}`;
  // Processes that a script leaves behind live on, as they do on any machine; only the runner belongs to the unit.
  const unit = `systemd-run --quiet --no-block --unit=golden-${createHash('sha256').update(payload).digest('hex').slice(0, 12)} -p KillMode=process -p IgnoreSIGPIPE=no`;
  return `set -e
umask 077
[ ! -e ${state}/records ] || exit 0
tar -xf - -C ${state}
rm -rf ${payload}
mkdir -m 0711 ${payload}
tar -xzf ${payload}.tar.gz -C ${payload}
rm -f ${payload}.tar.gz
: >${state}/records
if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
  ${unit} -p OOMPolicy=continue -p TasksMax=infinity ${runner} 2>/dev/null || ${unit} ${runner}
else
  setsid ${runner} >/dev/null 2>&1 </dev/null &
fi`;
}

/** Ends what runs of a build on a machine, and forgets its secrets. */
export function cancelCommand(folders: MachineFolders): string {
  return `for state in ${folders.state}/*/; do : >"$state/cancel"; rm -f "$state"/*.secrets; done`;
}
