import { quote } from '../../plan/shell';

/** Part of every base's ID: moved with each change of the recipe, so that older bases are not taken for new ones. */
export const BASE_RECIPE_VERSION = 1;

/**
 * Turns a bare system into what a cloud image is before its first boot: a login user who may become root, DHCP,
 * no identity of its own. A POSIX shell script that runs as root, chrooted into the system.
 */
export function baseRecipe(user: string): string {
  return `set -eu
${user === 'root' ? '' : loginUser(user)}
printf 'localhost\\n' > /etc/hostname
printf '127.0.0.1 localhost\\n::1 localhost ip6-localhost ip6-loopback\\n' > /etc/hosts
printf 'LABEL=root / ext4 errors=remount-ro 0 1\\n' > /etc/fstab

mkdir -p /etc/systemd/network
printf '[Match]\\nName=en* eth*\\n\\n[Network]\\nDHCP=yes\\n' > /etc/systemd/network/20-wired.network
systemctl enable systemd-networkd.service
if [ -e /lib/systemd/system/systemd-resolved.service ]; then
  systemctl enable systemd-resolved.service
  ln -sfn ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
  rm -f /etc/.resolv.conf.systemd-resolved.bak
else
  # The one of the machine that builds the base says nothing about the machines that start from it.
  rm -f /etc/resolv.conf
fi

rm -f /etc/ssh/ssh_host_*
if [ -e /usr/sbin/sshd ]; then
  mkdir -p /etc/systemd/system/ssh.service.d
  printf '[Service]\\nExecStartPre=\\nExecStartPre=/usr/bin/ssh-keygen -A\\nExecStartPre=/usr/sbin/sshd -t\\n' \\
    > /etc/systemd/system/ssh.service.d/10-host-keys.conf
fi

# The console of a machine in a cloud is a serial line; kept when somebody runs update-grub.
mkdir -p /etc/default/grub.d
printf 'GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200"\\nGRUB_TIMEOUT=0\\n' > /etc/default/grub.d/50-serial-console.cfg

rm -f /usr/sbin/policy-rc.d /var/lib/dbus/machine-id /var/lib/systemd/random-seed
: > /etc/machine-id
`;
}

function loginUser(user: string): string {
  const name = quote(user);
  return `
if ! id -u ${name} >/dev/null 2>&1; then
  groups=
  for group in adm cdrom dip plugdev sudo systemd-journal; do
    if getent group "$group" >/dev/null; then groups="$groups\${groups:+,}$group"; fi
  done
  useradd --create-home --user-group --shell /bin/bash --groups "$groups" -- ${name}
fi
passwd --quiet --lock ${name}
mkdir -p /etc/sudoers.d
printf '%s ALL=(ALL) NOPASSWD:ALL\\n' ${name} > /etc/sudoers.d/90-login-user
chmod 0440 /etc/sudoers.d/90-login-user
`;
}
