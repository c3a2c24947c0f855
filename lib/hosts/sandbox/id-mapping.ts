/** How many users and groups a machine has: what systemd hands out, `nobody` included. */
export const USERS = 65_536;

/** The range that systemd sets apart for containers, in steps of `USERS`. */
const FIRST_RANGE = 8;
const RANGES = 0x6fff - FIRST_RANGE;

/**
 * The user of this host that root of a machine is, with `USERS` from there on being its users and groups. It owns nothing here
 * and may do nothing here, so neither does or may who becomes root in the machine: not with devices, and not with those files
 * of /proc and /sys that the kernel lets every user 0 write.
 * @param id of the machine, hexadecimal; it decides the range, so that machines do not share limits on their users
 */
export function firstUserOf(id: string): number {
  return (FIRST_RANGE + parseInt(id.slice(0, 8), 16) % RANGES) * USERS;
}

/**
 * Shows folders under the owners that a machine has on this host, while on the disk they keep the owners that the machine sees:
 * layers, bases and what is captured know nothing of the range. mount(8) learned it only in util-linux 2.39.
 *
 * Arguments: the first user; and for each folder the folder, and the new mount point. Linux 5.19 or newer, for overlays of them.
 */
export const ID_MAPPED_MOUNTS = `
use strict;
my $first = shift;
# A mapping is handed over as a user namespace, and one needs a process, for as long as it takes to open it.
my $pid = open(my $started, '-|', 'unshare', '--user', 'sh', '-c', 'echo; exec sleep 60') or die "unshare: $!\\n";
readline($started) or die "no user namespace\\n";
for my $map ('uid_map', 'gid_map') {
  open(my $file, '>', "/proc/$pid/$map") or die "$map: $!\\n";
  # The second line is who mounts the overlay: the whiteouts and work folders it makes itself need an owner on the disk too.
  defined syswrite($file, "0 $first ${USERS}\\n${USERS} 0 1\\n") or die "$map: $!\\n";
}
open(my $mapping, '<', "/proc/$pid/ns/user") or die "user namespace: $!\\n";
kill 'KILL', $pid;
my $empty = '';
# The numbers of these system calls are the same on all architectures; AT_FDCWD is -100.
while (my ($folder, $mount_point) = splice(@ARGV, 0, 2)) {
  mkdir $mount_point or die "$mount_point: $!\\n";
  # open_tree with OPEN_TREE_CLONE and O_CLOEXEC
  my $tree = syscall(428, -100, $folder, 02000001);
  $tree >= 0 or die "$folder: $!\\n";
  # mount_setattr with AT_EMPTY_PATH and MOUNT_ATTR_IDMAP
  my $attributes = pack('QQQQ', 0x100000, 0, 0, fileno($mapping));
  syscall(442, $tree, $empty, 0x1000, $attributes, length $attributes) == 0 or die "users of $folder: $!\\n";
  # move_mount with MOVE_MOUNT_F_EMPTY_PATH
  syscall(429, $tree, $empty, -100, $mount_point, 4) == 0 or die "$mount_point: $!\\n";
}
`;
