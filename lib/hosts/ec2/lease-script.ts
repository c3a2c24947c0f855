import type { Lease } from '../../ports/host';

/** Where it is kept: a folder of the memory, so that no image has it. */
const LEASE_FILE = '/run/golden-lease';
const UNIT = 'golden-lease';
const RENEWALS = 4;
const LOOK_SECONDS = 15;

/** The way in which an engine keeps a machine alive. */
export function leaseOf(leaseMinutes: number): Lease {
  return {
    renewEveryMs: leaseMinutes * 60_000 / RENEWALS,
    renew: `touch ${LEASE_FILE}`,
    disarm: `rm -f ${LEASE_FILE}; systemctl stop ${UNIT} 2>/dev/null || true`,
  };
}

/**
 * Run at each boot, early. Looks at whether the file is touched, not at how old it is: the clock of a machine jumps when it learns the time.
 * Without the file it ends; there is nothing of it on the disk.
 */
export function leaseScript(leaseMinutes: number, { file = LEASE_FILE, end = POWER_OFF, lookSeconds = LOOK_SECONDS } = {}): string {
  return `#!/bin/sh
touch ${file}
watch='
last=; idle=0
while [ -e ${file} ]; do
  now=$(stat -c %y ${file} 2>/dev/null) || break
  if [ "$now" = "$last" ]; then idle=$((idle + ${lookSeconds})); else idle=0; last=$now; fi
  if [ "$idle" -ge ${Math.round(leaseMinutes * 60)} ]; then ${end}; break; fi
  sleep ${lookSeconds}
done
'
if [ -d /run/systemd/system ] && systemd-run --no-block --collect --quiet --unit=${UNIT} --property=DefaultDependencies=no /bin/sh -c "$watch" 2>/dev/null; then
  exit 0
fi
setsid /bin/sh -c "$watch" </dev/null >/dev/null 2>&1 &
`;
}

/** The machine is set up so that it is terminated when it powers off. */
const POWER_OFF = 'systemctl poweroff --force 2>/dev/null || poweroff -f 2>/dev/null || echo o > /proc/sysrq-trigger';
