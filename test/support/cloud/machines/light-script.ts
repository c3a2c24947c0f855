import { AGENT_RUNS } from './system-recipe';
import { quote, quoteAll } from '../../../../lib/plan/shell';

/** With which exit code the first process of a machine asks to be started again; as that of systemd-nspawn. */
export const RESTART = 133;

/** Runs what follows without what would change the clock, the kernel or the devices of this host. */
export const WITHOUT_HOST = ['setpriv', '--bounding-set=-sys_time,-sys_module,-sys_rawio,-mknod', '--'];

/** What programs ask for that expect systemd: of it, a light machine only knows how to end. Its first process does the rest. */
const SYSTEMCTL = `#!/bin/sh
act=\${0##*/}
[ "$act" != systemctl ] || act=\${1:-}
if [ "$act" = shutdown ]; then case " $* " in *' -r '*) act=reboot ;; *' -c '*) exit 0 ;; *) act=poweroff ;; esac; fi
case $act in
  reboot) kill -USR2 1 ;;
  poweroff | halt) kill -USR1 1 ;;
  *) exec /run/golden-host/programs/systemctl "$@" ;;
esac
`;

/** The provider does the work of cloud-init; who asks for it hears when it is done. */
const CLOUD_INIT = `#!/bin/sh
case \${1:-} in
  status)
    case " $* " in *' --wait '* | *' -w '*) until [ -e /run/cloud-init/result.json ]; do sleep 0.02; done ;; esac
    if [ -e /run/cloud-init/result.json ]; then echo 'status: done'; else echo 'status: running'; fi ;;
  *) exec /run/golden-host/programs/cloud-init "$@" ;;
esac
`;

/** Ends in order what runs, and then with the exit code that says what comes next. */
const INIT = `
end() {
  trap '' USR1 USR2
  kill -TERM -1 2>/dev/null
  turn=0
  while [ $turn -lt 100 ] && kill -0 -1 2>/dev/null; do sleep 0.02; turn=$((turn + 1)); done
  exit "$1"
}
trap 'end 0' USR1
trap 'end ${RESTART}' USR2
rm -f ${AGENT_RUNS}
if [ -x /usr/bin/amazon-ssm-agent ]; then /usr/bin/amazon-ssm-agent </dev/null >/dev/null 2>&1 & fi
echo ready
while :; do sleep 100000 & wait $!; done
`;

/**
 * Sets a light machine up, in namespaces of its own, and becomes its first process. Arguments: 1 folder of the machine; 2 names of
 * the lower folders of its disk, in the folder `lowers`, with colons between.
 */
export const LIGHT_SCRIPT = `set -e
cd "$1/lowers"
mount -t overlay overlay -o "lowerdir=$2,upperdir=../upper,workdir=../work,volatile,redirect_dir=on,metacopy=off,index=off" ../root
cd ../root
ip link set lo up
mount -t proc proc proc
mount -t tmpfs -o mode=0755 tmpfs run
mount -t tmpfs -o mode=0755 tmpfs dev
mkdir -p run/sshd run/lock run/systemd/resolve run/golden-host/programs run/cloud-init dev/pts dev/shm
echo 'nameserver 10.0.2.3' > run/systemd/resolve/stub-resolv.conf
for device in null zero full random urandom tty; do : > dev/$device; mount --bind /dev/$device dev/$device; done
ln -s /proc/self/fd dev/fd; ln -s /proc/self/fd/0 dev/stdin; ln -s /proc/self/fd/1 dev/stdout; ln -s /proc/self/fd/2 dev/stderr
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm
hostname localhost
# Its root is that of this host, and is to have nothing that concerns all of it.
[ ! -e proc/sysrq-trigger ] || mount --bind dev/null proc/sysrq-trigger
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
# One of its own for each start, as where a kernel starts.
cat proc/sys/kernel/random/uuid > run/golden-host/boot_id
mount --bind run/golden-host/boot_id proc/sys/kernel/random/boot_id
stand_in() {
  [ -e usr/bin/$1 ] || return 0
  : > run/golden-host/programs/$1
  mount --bind usr/bin/$1 run/golden-host/programs/$1
  printf %s "$2" > run/golden-host/$1
  chmod 0755 run/golden-host/$1
  mount --bind run/golden-host/$1 usr/bin/$1
}
stand_in systemctl ${quote(SYSTEMCTL)}
stand_in cloud-init ${quote(CLOUD_INIT)}
cd /
exec ${quoteAll(WITHOUT_HOST)} chroot "$1/root" /bin/sh -c ${quote(INIT)}
`;
