import type { MachineSpec } from '../../plan/model';

/** Installs the agent of Systems Manager from the region's own bucket, where the source has none. */
export function agentScript(region: string, { architecture, osFamily }: MachineSpec): string {
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
systemctl enable --now amazon-ssm-agent
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
