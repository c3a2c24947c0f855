/**
 * What runs as the first process of a machine's own PID and mount namespaces: when it ends, whatever way, the kernel ends
 * everything in them and takes every mount of them away. So nothing of a machine can outlive it.
 *
 * It runs in the sandbox folder. Arguments: 1 folder of the machine, relative; 2 options of the overlay; 3 and 4 the folder
 * of the machine, absolute, and escaped for systemd-nspawn; 5 name of the machine; 6 `isolated` or `host-loopback`;
 * and then the host's own addresses. Its stdin is a script that makes the files that live in memory.
 */
export const SUPERVISOR_SCRIPT = `
set -u
relative=$1 overlay=$2 folder=$3 escaped=$4 name=$5 loopback=$6
shift 6
fail() { echo "golden: $1 failed" >&2; exit 1; }

# Nothing in here is ever on a disk, and nobody outside of this mount namespace sees it.
mount -t tmpfs -o mode=0755,size=16m tmpfs "$relative/memory" || fail 'mounting a tmpfs'
(cd "$relative/memory" && sh -e) || fail 'writing the files in memory'
# systemd-nspawn would leave its locks and propagation folders there.
mkdir -p /run/systemd/nspawn && mount -t tmpfs -o mode=0700 tmpfs /run/systemd/nspawn || fail 'mounting a tmpfs'
exec </dev/null

# A network of the machine's own; slirp4netns carries what leaves it, as a plain program of the host.
: > "$relative/memory/net"
unshare --net="$relative/memory/net" true || fail 'making a network namespace'
hidden=--disable-host-loopback
if [ "$loopback" = host-loopback ]; then hidden=; fi
for address in "$@"; do
  nsenter --net="$relative/memory/net" ip route add unreachable "$address" || fail 'hiding the host'
done
slirp4netns --configure --mtu=65520 $hidden --netns-type=path "$folder/memory/net" tap0 >"$relative/network.log" 2>&1 &

mount -t overlay overlay -o "$overlay" "$relative/root" || fail 'mounting the overlay'

resolv=
case $(readlink "$relative/root/etc/resolv.conf") in
  */run/systemd/resolve/*) ;;
  *) resolv="--bind-ro=$escaped/memory/resolv.conf:/etc/resolv.conf" ;;
esac

# With --keep-unit systemd-nspawn does not start the machine again by itself: exit code 133 asks for it.
while :; do
  (
    # A cgroup of its own, or two machines would share one.
    for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
      if [ -w "$hierarchy/cgroup.procs" ]; then mkdir -p "$hierarchy/$name" && echo 0 > "$hierarchy/$name/cgroup.procs"; fi
    done
    export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
    exec systemd-nspawn --quiet --directory="$folder/root" --boot --machine="$name" --register=no --keep-unit --console=pipe \\
      --network-namespace-path="$folder/memory/net" --resolv-conf=off --timezone=off --link-journal=no \\
      --capability=CAP_NET_ADMIN --drop-capability=CAP_MKNOD \\
      --bind-ro="$escaped/memory:/run/golden-host" \\
      --bind-ro="$escaped/memory/units:/run/systemd/system.attached" \\
      --bind-ro="$escaped/memory/resolved.conf.d:/run/systemd/resolved.conf.d" \\
      \${resolv:+"$resolv"}
  )
  code=$?
  if [ $code != 133 ] || [ -e "$relative/stopping" ]; then break; fi
done
exit $code
`;
