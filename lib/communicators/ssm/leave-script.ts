import { FOLDER_TEXT } from './task-script';
import { quote } from '../../plan/shell';

/** What the agent leaves on the disk: its registration and keys, the texts of commands, its logs. Its configuration stays. */
const REMOVE = `
rm -rf /var/lib/amazon/ssm/* /var/log/amazon/ssm/* /var/snap/amazon-ssm-agent/*/logs/* "$1"
sync
`.trim();

/** By its order it is stopped when the agent has stopped: the last to start is the first to stop. */
const UNIT = `
[Unit]
Description=Removes the traces of the SSM agent when it has ended
Before=amazon-ssm-agent.service snap.amazon-ssm-agent.amazon-ssm-agent.service
RequiresMountsFor=/var/lib /var/log /run

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/sh /run/golden-leave.sh
TimeoutStopSec=30
StandardOutput=null
StandardError=null
`.trimStart();

/**
 * Has the traces of the agent removed when it has ended, since it writes them until then. With systemd, by a unit that only
 * exists in memory; elsewhere by a process that removes them again and again, until it is ended itself.
 */
export const LEAVE_TEXT = `
umask 022
${FOLDER_TEXT}
remove=${quote(REMOVE)}
if [ -d /run/systemd/system ]; then
printf 'set -- %s\\n%s\\n' "$tasks" "$remove" >/run/golden-leave.sh
printf %s ${quote(UNIT)} >/run/systemd/system/golden-leave.service
systemctl start golden-leave.service && echo golden leaves
else
remove="$remove" setsid sh -c 'trap "eval \\"\\$remove\\"; exit" TERM INT HUP; while sleep 1; do eval "$remove"; done' sh "$tasks" </dev/null >/dev/null 2>&1 &
echo golden leaves
fi
`.trimStart();
