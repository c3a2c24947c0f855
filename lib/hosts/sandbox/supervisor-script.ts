import { ID_MAPPED_MOUNTS, USERS } from './id-mapping';
import { quote } from '../../plan/shell';

/**
 * What runs as the first process of a machine's own PID and mount namespaces: when it ends, whatever way, the kernel ends
 * everything in them and takes every mount of them away. So nothing of a machine can outlive it.
 *
 * It runs in the sandbox folder. Arguments: 1 folder of the machine, relative; 2 lower folders, with colons between, relative;
 * 3 options of the overlay, where lower folder n is called n and the machine's folder `machine`; 4 and 5 the folder of the
 * machine, absolute, and escaped for systemd-nspawn; 6 name of the machine; 7 the first of its users; 8 `isolated` or
 * `host-loopback`; and then the host's own addresses. Its stdin is a script that makes the files that live in memory.
 */
export const SUPERVISOR_SCRIPT = `
set -u
relative=$1 lowers=$2 overlay=$3 folder=$4 escaped=$5 name=$6 first_user=$7 loopback=$8
shift 8
fail() { echo "golden: $1 failed" >&2; exit 1; }

# Nothing in here is ever on a disk, and nobody outside of this mount namespace sees it.
mount -t tmpfs -o mode=0755,size=16m tmpfs "$relative/memory" || fail 'mounting a tmpfs'
(cd "$relative/memory" && sh -e) || fail 'writing the files in memory'
chown -R "$first_user:$first_user" "$relative/memory" || fail 'handing over the files in memory'
# systemd-nspawn would leave its locks and propagation folders there.
mkdir -p /run/systemd/nspawn && mount -t tmpfs -o mode=0700 tmpfs /run/systemd/nspawn || fail 'mounting a tmpfs'
exec </dev/null

own=$relative/own
mount -t tmpfs -o mode=0700,size=1m tmpfs "$own" && mkfifo "$own/connected" || fail 'mounting a tmpfs'
(
  number=0 IFS=:
  set -f -- "$first_user"
  for lower in $lowers; do set -- "$@" "$lower" "$own/$number"; number=$((number + 1)); done
  exec perl -e ${quote(ID_MAPPED_MOUNTS)} "$@" "$relative" "$own/machine"
) || fail 'mapping the users of the machine (it takes Linux 5.19, and a file system such as ext4, XFS or Btrfs)'
(cd "$own" && exec mount -t overlay overlay -o "$overlay" "$folder/root") || fail 'mounting the overlay'

resolv=
case $(readlink "$relative/root/etc/resolv.conf") in
  */run/systemd/resolve/*) ;;
  *) resolv="--bind-ro=$escaped/memory/resolv.conf:/etc/resolv.conf" ;;
esac

# /run/systemd is a mount of its own, or systemd-nspawn would make it for what is mounted below it, and this host's root own it.
boot() {
  # A cgroup of its own, or two machines would share one.
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    if [ -w "$hierarchy/cgroup.procs" ]; then mkdir -p "$hierarchy/$name" && echo 0 > "$hierarchy/$name/cgroup.procs"; fi
  done
  export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
  exec systemd-nspawn --quiet --directory="$folder/root" --boot --machine="$name" --register=no --keep-unit --console=pipe \\
    --private-users="$first_user:${USERS}" --private-users-ownership=off \\
    --private-network --resolv-conf=off --timezone=off --link-journal=no --drop-capability=CAP_MKNOD \\
    --tmpfs=/run/systemd:mode=0755 \\
    --bind-ro="$escaped/memory:/run/golden-host" \\
    --bind-ro="$escaped/memory/units:/run/systemd/system.attached" \\
    --bind-ro="$escaped/memory/resolved.conf.d:/run/systemd/resolved.conf.d" \\
    \${resolv:+"$resolv"}
}

# The first process of the machine, once it is in namespaces of its own.
leader() {
  while [ -e "/proc/$nspawn/exe" ]; do
    for child in $(cat "/proc/$nspawn/task/$nspawn/children"); do
      network=$(readlink "/proc/$child/ns/net") && [ "$network" != "$(readlink /proc/self/ns/net)" ] && echo "$child" && return
    done
    sleep 0.005
  done
  return 1
}

# The network belongs to the machine's own users, or its root could not rule it; so each start has a new one. slirp4netns carries
# what leaves it, as a plain program of the host.
connect() {
  ln -sfn "/proc/$1/ns/net" "$own/net"
  network=$folder/own/net
  shift
  for address in "$@"; do
    nsenter --net="$network" ip route add unreachable "$address" || fail 'hiding the host'
  done
  hidden=--disable-host-loopback
  if [ "$loopback" = host-loopback ]; then hidden=; fi
  slirp4netns --configure --mtu=65520 $hidden --ready-fd=3 --netns-type=path "$network" tap0 3>"$own/connected" >>"$relative/network.log" 2>&1 &
  slirp=$!
  [ "$(cat "$own/connected")" = 1 ] || fail 'connecting the machine'
}

# With --keep-unit systemd-nspawn does not start the machine again by itself: exit code 133 asks for it.
while :; do
  boot &
  nspawn=$! slirp=
  if first=$(leader); then
    # Its init finds the network in place.
    kill -STOP "$first" 2>/dev/null
    connect "$first" "$@"
    kill -CONT "$first" 2>/dev/null
  fi
  wait "$nspawn"
  code=$?
  if [ -n "$slirp" ]; then kill "$slirp" 2>/dev/null; fi
  if [ $code != 133 ] || [ -e "$relative/stopping" ]; then break; fi
done
exit $code
`;
