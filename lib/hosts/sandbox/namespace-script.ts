import { LEND_SCRIPT } from './copied-disk';
import { quote } from '../../plan/shell';

/**
 * The first process of a machine: makes a disk its root, with what a system finds outside of its disk, and waits. Its shell takes
 * care of processes that lost their parents. It is not a chroot to those in it, so that systemctl(1) says that nothing runs, and
 * does not pass over in silence what it is asked for.
 */
const MACHINE = `
set -e
cd "$1/root"
mount -t proc -o nosuid,nodev,noexec proc proc
mount --rbind /sys sys
mount -t tmpfs -o mode=0755,nosuid tmpfs run
mkdir -m 1777 run/lock
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=0755,nosuid tmpfs dev
for device in null zero full random urandom tty; do : >"dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/\${number%:*}" "dev/\${number#*:}"; done
if [ -e "$2/resolv.conf" ]; then mkdir -p run/systemd/resolve; cp "$2/resolv.conf" run/systemd/resolve/stub-resolv.conf; cp "$2/resolv.conf" run/systemd/resolve/resolv.conf; fi
hostname localhost
pivot_root . .
umount -l .
cd /
set +e
echo ready
exec >/dev/null
while :; do sleep 86400 & wait; done
`;

/**
 * What runs as the first process of the PID and mount namespaces of an ordinary user's machine, with a user namespace of its own:
 * when it ends, whatever way, the kernel ends everything in them and takes every mount of them away.
 *
 * It runs in the sandbox folder. Arguments: 1 folder of the machine, relative; 2 lower folders, with colons between, relative;
 * 3 `overlay`, or `copy` where its root is a copy of what would be below.
 * Its stdin is held by whoever started it: where that process is gone, so is the machine, unless it wrote \`keep\` before.
 */
export const NAMESPACE_SCRIPT = `
set -u
relative=$1 lowers=$2 kind=$3
fail() { echo "golden: $1 failed" >&2; exit 1; }
exec 4<&0 </dev/null

# The lowest folder that is shown and belongs to no disk: nothing that a package starts is to run before the machine boots.
own=$PWD/$relative/own
mount -t tmpfs -o mode=0700,size=1m tmpfs "$own" || fail 'mounting a tmpfs'
mkdir -p "$own/disk/usr/sbin" "$own/disk/etc"
chmod 0755 "$own/disk" "$own/disk/usr" "$own/disk/usr/sbin" "$own/disk/etc"
printf '#!/bin/sh\\nexit 101\\n' >"$own/disk/usr/sbin/policy-rc.d"
chmod 0755 "$own/disk/usr/sbin/policy-rc.d"
# Names are looked up as this computer does it.
link=
IFS=:
for lower in $lowers; do
  if [ -e "$lower/etc/resolv.conf" ] || [ -L "$lower/etc/resolv.conf" ]; then link=$(readlink "$lower/etc/resolv.conf"); break; fi
done
unset IFS
case $link in
  */run/systemd/resolve/*) cat /etc/resolv.conf >"$own/resolv.conf" ;;
  *) cat /etc/resolv.conf >"$own/disk/etc/resolv.conf" ;;
esac
if [ "$kind" = copy ]; then
  mount --bind "$relative/root" "$relative/root" || fail 'mounting the disk'
  sh -c ${quote(LEND_SCRIPT)} golden-machine "$relative" "$own/disk" || fail 'preparing the disk'
else
  mount -t overlay overlay -o "lowerdir=$relative/own/disk:$lowers,upperdir=$relative/upper,workdir=$relative/work,userxattr,volatile" "$relative/root" ||
    fail 'mounting the overlay (set GOLDEN_HOME to a folder on a file system such as ext4, XFS or Btrfs, or GOLDEN_OVERLAY=0 to do without)'
fi

unshare --mount --pid --uts --ipc --fork --kill-child=SIGKILL -- sh -c ${quote(MACHINE)} golden-machine "$relative" "$own" &
machine=$!
{ read -r word <&4 && [ "$word" = keep ] || kill -KILL "$machine"; } >/dev/null 2>&1 &
exec >/dev/null 4<&-
wait "$machine"
`;
