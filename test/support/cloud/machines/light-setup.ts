import type { CloudMachineRequest } from './machine-provider';
import { userDataParts } from './user-data';
import { quote } from '../../../../lib/plan/shell';

/**
 * What cloud-init does with user-data that builds use, as one script: cloud-config is read by Python, in the machine, where YAML is
 * known; everything else is a shell script. What it leaves in the machine are the traces that cloud-init leaves.
 */
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
echo "Cloud-init, in short, at $(date)" >> $log
${request.userData ? `printf %s ${quote(request.userData.toString('base64'))} | base64 -d > $instance/user-data.txt; chmod 0600 $instance/user-data.txt` : ''}
${hooks.map((hook, index) => runScript(hook, `boothook-${index}`)).join('\n')}
if [ -n "$first" ]; then
  ${request.publicKey ? authorize(request.loginUser, request.publicKey) : ''}
  ${configs.map((config) => configScript(config, request.loginUser)).join('\n  ')}
  [ -e /etc/ssh/.golden-keys-given ] || rm -f /etc/ssh/ssh_host_*
  rm -f /etc/ssh/.golden-keys-given
fi
# The one key that is needed: others take their time to make.
ls /etc/ssh/ssh_host_*_key >/dev/null 2>&1 || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
/usr/sbin/sshd -D </dev/null >>$log 2>&1 &
{
  # What follows may ask the cloud for something.
  until [ -e /run/golden-host/connected ]; do sleep 0.01; done
  if [ -n "$first" ]; then
    if [ -e $instance/runcmd ]; then sh $instance/runcmd; fi
    :
    ${scripts.map((script, index) => runScript(script, `scripts/part-${String(index + 1).padStart(3, '0')}`)).join('\n    ')}
  fi
  date > $instance/boot-finished
  echo '{"v1": {"datasource": "DataSourceNoCloud", "errors": []}}' > /run/cloud-init/result.json
} </dev/null >>$log 2>&1 &
`;
}

function runScript(content: string, name: string): string {
  const path = `$instance/${name}`;
  return `printf %s ${quote(Buffer.from(content).toString('base64'))} | base64 -d > ${path}; chmod 0700 ${path}; INSTANCE_ID=\${instance##*/} ${path} </dev/null >>$log 2>&1`;
}

function authorize(user: string, key: string): string {
  return `home=$(getent passwd ${quote(user)} | cut -d: -f6) && install -d -m 0700 -o ${quote(user)} -g ${quote(user)} "$home/.ssh"`
    + ` && printf '%s\\n' ${quote(key.trim())} >> "$home/.ssh/authorized_keys" && chmod 0600 "$home/.ssh/authorized_keys" && chown ${quote(user)}: "$home/.ssh/authorized_keys"`;
}

/** As a JSON document where it is one: every JSON document is YAML, and needs no Python module that takes a while to load. */
function configScript(config: string, loginUser: string): string {
  return `python3 -ISc ${quote(CONFIG)} ${quote(loginUser)} $instance >>$log 2>&1 <<'END-OF-CLOUD-CONFIG'
${config}
END-OF-CLOUD-CONFIG`;
}

const CONFIG = `
import json, os, pwd, sys
text = sys.stdin.read()
try:
    config = json.loads(text.split('\\n', 1)[1])
except ValueError:
    sys.path.append('/usr/lib/python3/dist-packages')
    import yaml
    config = yaml.safe_load(text) or {}
login, instance = sys.argv[1:]
if config.get('users') or config.get('bootcmd') or config.get('runcmd'): import subprocess

def write(path, content, mode, user=None):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), 'w') as file:
        file.write(content)
    os.chmod(path, mode)
    if user: os.chown(path, user.pw_uid, user.pw_gid)

def authorize(name, keys):
    user = pwd.getpwnam(name)
    folder = user.pw_dir + '/.ssh'
    os.makedirs(folder, mode=0o700, exist_ok=True)
    os.chown(folder, user.pw_uid, user.pw_gid)
    path = folder + '/authorized_keys'
    old = open(path).read() if os.path.exists(path) else ''
    write(path, old + ''.join(key.strip() + '\\n' for key in keys), 0o600, user)

given = config.get('ssh_keys') or {}
if config.get('ssh_deletekeys', True) or given:
    for name in os.listdir('/etc/ssh'):
        if name.startswith('ssh_host_'): os.remove('/etc/ssh/' + name)
for name, key in given.items():
    kind, part = name.rsplit('_', 1)
    write('/etc/ssh/ssh_host_%s_key%s' % (kind, '.pub' if part == 'public' else ''), key.strip() + '\\n', 0o644 if part == 'public' else 0o600)
if given: write('/etc/ssh/.golden-keys-given', '', 0o600)
authorized = config.get('ssh_authorized_keys') or []
if config.get('disable_root') is False: authorize('root', authorized)
if authorized: authorize(login, authorized)
for user in config.get('users') or []:
    if not isinstance(user, dict): continue
    try: pwd.getpwnam(user['name'])
    except KeyError: subprocess.run(['useradd', '-m', '-s', user.get('shell', '/bin/sh'), user['name']], check=True)
    keys = user.get('ssh_authorized_keys') or user.get('ssh-authorized-keys') or []
    if keys: authorize(user['name'], keys)
    rules = user.get('sudo')
    if rules:
        rules = rules if isinstance(rules, list) else [rules]
        write('/etc/sudoers.d/90-cloud-init-users', ''.join('%s %s\\n' % (user['name'], rule) for rule in rules), 0o440)
for file in config.get('write_files') or []:
    write(file['path'], file.get('content', ''), int(str(file.get('permissions', '0644')), 8))
commands = lambda name: [c if isinstance(c, str) else subprocess.list2cmdline(c) for c in config.get(name) or []]
for command in commands('bootcmd'): subprocess.run(['sh', '-c', command])
if config.get('runcmd'): write(instance + '/runcmd', '\\n'.join(commands('runcmd')) + '\\n', 0o700)
`;
