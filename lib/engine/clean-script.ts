/**
 * Removes from a machine what must not be in an image: keys, identities, registrations, logs, histories, caches, and what
 * belongs to us. POSIX sh. What users put there stays: of authorized keys only ours goes. Prints one line for each thing.
 *
 * Called with the user to log in as, the folder of our state, and the public key that we let in (or nothing).
 */
export const CLEAN_SCRIPT = `
login_user=$1 our_state=$2 our_key=$3

# clean NAME PATTERN...: removes what the patterns match, and says so where there was something.
clean() {
  name=$1 found=
  shift
  for path; do
    shift
    if [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "$path"; fi
  done
  [ $# != 0 ] || return 0
  # More than one program takes at once goes one by one.
  if rm -rf -- "$@"; then found=1; else for path; do rm -rf -- "$path" && found=1; done; fi
  [ -z "$found" ] || echo "$name"
}

home_of() {
  while IFS=: read -r user rest; do
    if [ "$user" = "$1" ]; then
      rest=\${rest#*:*:*:*:}
      echo "\${rest%%:*}"
    fi
  done </etc/passwd
}

if [ -n "$our_key" ]; then
  for user in root "$login_user"; do
    file=$(home_of "$user")/.ssh/authorized_keys
    if [ -f "$file" ] && grep -qF -- "$our_key" "$file"; then
      grep -vF -- "$our_key" "$file" >"$file.golden"
      if grep -q '[^[:space:]]' "$file.golden"; then cat "$file.golden" >"$file"; else rm -f "$file"; fi
      rm -f "$file.golden"
      echo "authorized key of this build for $user"
    fi
  done
fi

# Without host keys sshd does not start. Where nothing else makes new ones, the image makes them when sshd starts first.
if [ -x /usr/sbin/sshd ] && [ -e /lib/systemd/system/ssh.service ] && [ ! -e /usr/bin/cloud-init ] && [ -x /usr/bin/ssh-keygen ]; then
  mkdir -p /etc/systemd/system/ssh.service.d
  printf '%s\\n' '[Service]' 'ExecStartPre=' 'ExecStartPre=/usr/bin/ssh-keygen -A' 'ExecStartPre=/usr/sbin/sshd -t' >/etc/systemd/system/ssh.service.d/host-keys.conf
  echo 'SSH host keys: new ones are made when sshd starts first'
fi
clean 'SSH host keys' /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub

if [ -s /etc/machine-id ]; then
  : >/etc/machine-id
  echo 'machine-id'
fi
[ -L /var/lib/dbus/machine-id ] || clean 'machine-id of D-Bus' /var/lib/dbus/machine-id
clean 'state of cloud-init' /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem /var/lib/cloud/seed
clean 'registration of the SSM agent' /var/lib/amazon/ssm/Vault /var/lib/amazon/ssm/registration /var/lib/amazon/ssm/i-* /var/lib/amazon/ssm/ipc
clean 'random seed' /var/lib/systemd/random-seed /var/lib/urandom/random-seed /var/lib/misc/random-seed
clean 'secret of the credential store' /var/lib/systemd/credential.secret
clean 'DHCP leases' /var/lib/dhcp/*.leases /var/lib/dhclient/* /var/lib/NetworkManager/*.lease /var/lib/NetworkManager/secret_key /var/lib/systemd/network/* /var/lib/dhcpcd/*
clean 'package lists' /var/lib/apt/lists/* /var/cache/dnf/* /var/cache/yum/* /var/cache/zypp/* /var/cache/apk/*
clean 'package caches' /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/* /var/cache/apt/*.bin
clean 'shell histories' /root/.*_history /home/*/.*_history /root/.lesshst /home/*/.lesshst /root/.viminfo /home/*/.viminfo

# Without the folder there is none that would have to let go of it.
[ ! -d /var/log/journal ] || journalctl --relinquish-var >/dev/null 2>&1
clean 'journal' /var/log/journal/*
clean 'rotated logs' /var/log/*.gz /var/log/*.[0-9] /var/log/*.old /var/log/*/*.gz /var/log/*/*.[0-9]
# Services that hold them open go on writing to them; only what they say is removed.
logs=$(find /var/log -type f -size +0 -exec sh -c 'for file; do : >"$file"; echo; done' sh {} + 2>/dev/null | wc -l)
[ "$logs" = 0 ] || echo "logs: $logs emptied"

for folder in /tmp /var/tmp; do
  # What is mounted there is not part of the image, and not ours to remove.
  found=$(find "$folder" -mindepth 1 -xdev 2>/dev/null | wc -l)
  [ "$found" != 0 ] || continue
  find "$folder" -mindepth 1 -xdev ! -type d -exec rm -f {} + 2>/dev/null
  find "$folder" -mindepth 1 -xdev -depth -type d -exec rmdir {} + 2>/dev/null
  echo "$folder: $found entries"
done
umount "$our_state" 2>/dev/null
rm -rf "$our_state"
# Its own disks: a machine may share its kernel with a host that has others.
while read -r device folder type rest; do
  case $type in ext[234] | xfs | btrfs | f2fs | vfat | overlay)
    sync -f "$(printf %b "$folder")" 2>/dev/null || { sync; break; } ;;
  esac
done </proc/mounts
`.trimStart();
