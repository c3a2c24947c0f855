import { quote } from '../../../../lib/plan/shell';

/** Part of the name of what it makes: moved with each change, so that no older one is taken for it. */
export const SYSTEM_RECIPE_VERSION = 1;

/** Where a machine finds what its provider gives it in memory. */
export const SEED_FOLDER = '/run/golden-host/seed';

/** It exists while the machine's agent of Systems Manager runs. */
export const AGENT_RUNS = '/run/amazon-ssm-agent.running';

/**
 * Makes of a plain Debian what the images of a cloud are: users that nobody logs in to with a password, cloud-init with the one
 * datasource that there is, and a stand-in for the agent of Systems Manager which leaves the traces that the real one leaves.
 */
export function systemRecipe(loginUser: string): string {
  return `set -eu
for user in admin ubuntu ec2-user; do
  id -u "$user" >/dev/null 2>&1 || useradd --create-home --user-group --shell /bin/bash --groups adm,sudo -- "$user"
  printf '%s ALL=(ALL) NOPASSWD:ALL\\n' "$user" > "/etc/sudoers.d/90-$user"
  chmod 0440 "/etc/sudoers.d/90-$user"
done
sed -i -E 's/^(admin|ubuntu|ec2-user):[^:]*:/\\1:*:/' /etc/shadow
# cloud-init makes the host keys.
rm -f /etc/systemd/system/ssh.service.d/10-host-keys.conf
printf %s ${quote(cloudConfig(loginUser))} > /etc/cloud/cloud.cfg.d/90_datasource.cfg
printf %s ${quote(AGENT)} > /usr/bin/amazon-ssm-agent
chmod 0755 /usr/bin/amazon-ssm-agent
printf %s ${quote(AGENT_UNIT)} > /lib/systemd/system/amazon-ssm-agent.service
ln -s /lib/systemd/system/amazon-ssm-agent.service /etc/systemd/system/multi-user.target.wants/
mkdir -p /etc/systemd/system/cloud-init.target.wants
rm -rf /tmp/* /var/lib/cloud/*
`;
}

/** Only what a build on EC2 has any use of: each module costs a start of its own. */
function cloudConfig(loginUser: string): string {
  return `datasource_list: [ NoCloud ]
datasource:
  NoCloud:
    user-data: ""
    meta-data:
      seedfrom: "file://${SEED_FOLDER}/"
system_info:
  default_user:
    name: ${loginUser}
    lock_passwd: false
    gecos: Login user
    groups: [adm, sudo]
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    shell: /bin/bash
network: { config: disabled }
growpart: { mode: "off" }
resize_rootfs: false
ssh_genkeytypes: [ed25519]
cloud_init_modules: [seed_random, bootcmd, write-files, set_hostname, update_hostname, update_etc_hosts, users-groups, ssh]
cloud_config_modules: [runcmd]
cloud_final_modules: [package-update-upgrade-install, write-files-deferred, scripts-per-once, scripts-per-boot, scripts-per-instance, scripts-user, keys-to-console, final-message]
`;
}

const AGENT = `#!/bin/sh
log=/var/log/amazon/ssm/amazon-ssm-agent.log
mkdir -p /var/log/amazon/ssm /var/lib/amazon/ssm/ipc
note() { echo "$(date '+%F %T') INFO $1" >> "$log"; }
stop() { rm -f ${AGENT_RUNS}; note 'amazon-ssm-agent stopped'; date > /var/lib/amazon/ssm/ipc/last-stop; exit 0; }
trap stop TERM INT
note 'amazon-ssm-agent started'
: > ${AGENT_RUNS}
while :; do sleep 86400 & wait $!; done
`;

const AGENT_UNIT = `[Unit]
Description=amazon-ssm-agent
After=network-online.target cloud-init.service

[Service]
Type=simple
ExecStart=/usr/bin/amazon-ssm-agent
KillMode=process
Restart=on-failure
RestartSec=15

[Install]
WantedBy=multi-user.target
`;
