import type { MachineSpec } from '../../plan/model';

/** On the disk, so that layers have it, too: there while the agent is one that was installed for the build only. */
const MARK = '/var/lib/golden-ssm-agent';

/** Another for each time that the package was installed: what a provisioner has installed itself is not ours any more. */
const STAMP = 'stat -c %y /var/lib/dpkg/info/amazon-ssm-agent.list 2>/dev/null || rpm -q --qf "%{INSTALLTIME}" amazon-ssm-agent 2>/dev/null';

/** Installs the agent of Systems Manager from the region's own bucket, where the source has none. */
export function agentScript(region: string, { architecture, osFamily, ssmAgent }: MachineSpec): string {
  const processor = architecture === 'arm64' ? 'arm64' : 'amd64';
  const debian = osFamily === 'debian';
  const file = debian ? 'amazon-ssm-agent.deb' : 'amazon-ssm-agent.rpm';
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const url = `https://s3.${region}.${domain}/amazon-ssm-${region}/latest/${debian ? 'debian' : 'linux'}_${processor}/${file}`;
  const install = debian ? `dpkg -i /run/${file}` : `rpm -U --replacepkgs /run/${file}`;
  return `#!/bin/sh
command -v amazon-ssm-agent >/dev/null 2>&1 && exit 0
for pause in 1 2 4 8 16 32; do
  curl -fsS -o /run/${file} ${url} || wget -qO /run/${file} ${url} || python3 -c "import urllib.request as r; r.urlretrieve('${url}', '/run/${file}')"
  ${install} && break
  sleep $pause
done
rm -f /run/${file}
${ssmAgent ? '' : `{ ${STAMP}; } >${MARK}\n`}systemctl enable --now amazon-ssm-agent
`;
}

/**
 * An agent that was refused at its first try sleeps for half an hour. Where the role is so new that this may happen, it is started again
 * until it was given a command.
 */
export function agentRestartScript(): string {
  return `#!/bin/sh
(
  for pause in 15 30 60 120; do
    sleep $pause
    ls /var/lib/amazon/ssm/*/document/orchestration/* >/dev/null 2>&1 && exit 0
    systemctl restart amazon-ssm-agent 2>/dev/null || snap restart amazon-ssm-agent
  done
) </dev/null >/dev/null 2>&1 &
`;
}

/** Removes what it is told to when the agent has ended: by its order it is stopped then, since the last to start is the first to stop. */
const UNIT = `[Unit]
Description=Removes the SSM agent of a build, or its traces, when it has ended
Before=amazon-ssm-agent.service snap.amazon-ssm-agent.amazon-ssm-agent.service
RequiresMountsFor=/usr /etc /var/lib /var/log /run
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/sh /run/golden-agent.sh
TimeoutStopSec=120
StandardOutput=null
StandardError=null
`;

/** An agent that was there before keeps its configuration. */
export const REMOVE_TRACES = 'rm -rf /var/lib/amazon/ssm/* /var/log/amazon/ssm/* /var/snap/amazon-ssm-agent/*/logs/*\nsync\n';

/** Scripts of the package stop and reload services: what is going down does that itself. */
export const REMOVE_AGENT = `if [ -e /var/lib/dpkg/info/amazon-ssm-agent.list ]; then
  dpkg --log=/dev/null --purge amazon-ssm-agent
else
  rpm -e --noscripts amazon-ssm-agent
fi
rm -f /etc/systemd/system/*.wants/amazon-ssm-agent.service
rm -rf /etc/amazon/ssm /var/lib/amazon/ssm /var/log/amazon/ssm
rmdir /etc/amazon /var/lib/amazon /var/log/amazon 2>/dev/null
sync
`;

/**
 * Sees to it, on a machine that is cleaned for its capture, that nothing remains of an agent that was installed for the build only,
 * and nothing of what another one wrote. Takes effect when the machine stops: until then it is needed. Says what it will remove.
 */
export const LEAVE_AGENT = `
if [ -d /run/systemd/system ]; then
if [ -e ${MARK} ] && [ "$(cat ${MARK})" = "$(${STAMP})" ]; then
echo 'SSM agent, which was installed for the build'
cat >/run/golden-agent.sh <<'END'
${REMOVE_AGENT}END
else
cat >/run/golden-agent.sh <<'END'
${REMOVE_TRACES}END
fi
cat >/run/systemd/system/golden-agent.service <<'END'
${UNIT}END
systemctl start golden-agent.service || exit 1
fi
rm -f ${MARK}
`;
