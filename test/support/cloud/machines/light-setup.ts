import { authorize, configScript } from './cloud-config';
import type { CloudMachineRequest } from './machine-provider';
import { userDataParts } from './user-data';
import { quote } from '../../../../lib/plan/shell';

/** What cloud-init does with user-data that builds use, as one script. What it leaves in the machine are the traces that cloud-init leaves. */
export function setupScript(request: CloudMachineRequest): string {
  const parts = userDataParts(request.userData ?? Buffer.alloc(0));
  const configs = parts.filter(({ type }) => type === 'text/cloud-config').map(({ content }) => content);
  const hooks = parts.filter(({ type }) => type === 'text/cloud-boothook').map(({ content }) => content);
  const scripts = parts.filter(({ type }) => type === 'text/x-shellscript').map(({ content }) => content);
  const instance = `/var/lib/cloud/instances/${request.instanceId}`;
  return `set -u
umask 022
log=/var/log/cloud-init-output.log
instance=${instance}
first=; [ -d $instance ] || first=1
mkdir -p $instance/scripts /var/lib/cloud/data
ln -sfn $instance /var/lib/cloud/instance
echo ${request.instanceId} > /var/lib/cloud/data/instance-id
echo "Cloud-init, in short, at ${new Date().toUTCString()}" >> $log
${hooks.map((hook, index) => runScript(hook, `boothook-${index}`)).join('\n')}
if [ -n "$first" ]; then
  rm -f /etc/ssh/ssh_host_*
  {
    :
    ${[authorize(request.loginUser, request.publicKey ? [request.publicKey] : []), ...configs.map((config) => configScript(config, request.loginUser))].join('\n')}
  } >>$log 2>&1
fi
# The one key that is needed: others take their time to make.
set -- /etc/ssh/ssh_host_*_key
[ -e "$1" ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
/usr/sbin/sshd -D </dev/null >>$log 2>&1 &
{
  ${request.userData ? `(umask 077; printf %s ${quote(request.userData.toString('base64'))} | base64 -d > $instance/user-data.txt)` : ''}
  # What follows may ask the cloud for something.
  until [ -e /run/golden-host/connected ]; do sleep 0.01; done
  if [ -n "$first" ]; then
    if [ -e $instance/runcmd ]; then sh $instance/runcmd; fi
    ${scripts.map((script, index) => runScript(script, `scripts/part-${String(index + 1).padStart(3, '0')}`)).join('\n    ')}
  fi
  date > $instance/boot-finished
  echo '{"v1": {"datasource": "DataSourceNoCloud", "errors": []}}' > /run/cloud-init/result.json
} </dev/null >>$log 2>&1 &
`;
}

function runScript(content: string, name: string): string {
  const path = `$instance/${name}`;
  return `printf %s ${quote(content)} > ${path}; chmod 0700 ${path}; INSTANCE_ID=\${instance##*/} ${path} </dev/null >>$log 2>&1`;
}
