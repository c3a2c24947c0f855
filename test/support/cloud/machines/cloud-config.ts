import { posix } from 'path';
import { quote } from '../../../../lib/plan/shell';
import { parseYaml } from '../cloudformation/yaml';

interface CloudConfig {
  readonly ssh_keys?: { readonly [name: string]: string };
  readonly ssh_authorized_keys?: readonly string[];
  readonly disable_root?: boolean;
  readonly users?: readonly (string | User)[];
  readonly write_files?: readonly { readonly path: string; readonly content?: string; readonly permissions?: string | number }[];
  readonly bootcmd?: readonly Command[];
  readonly runcmd?: readonly Command[];
}

interface User {
  readonly 'name': string;
  readonly 'shell'?: string;
  readonly 'sudo'?: string | readonly string[];
  readonly 'ssh_authorized_keys'?: readonly string[];
  readonly 'ssh-authorized-keys'?: readonly string[];
}

/** A line of shell, or words. */
type Command = string | readonly string[];

/** What cloud-init does with a cloud-config, as far as builds use it: lines of shell, for a machine where `$instance` is its folder. */
export function configScript(text: string, loginUser: string): string {
  const config = (parseYaml(text) ?? {}) as CloudConfig;
  const authorized = config.ssh_authorized_keys ?? [];
  const bootCommands = config.bootcmd ?? [];
  const runCommands = config.runcmd ?? [];
  return [
    ...Object.entries(config.ssh_keys ?? {}).map(([name, key]) => hostKey(name, key)),
    ...config.disable_root === false ? [authorize('root', authorized)] : [],
    authorize(loginUser, authorized),
    ...(config.users ?? []).flatMap((user) => (typeof user === 'string' ? [] : makeUser(user))),
    ...(config.write_files ?? []).map(({ path, content = '', permissions = '0644' }) => write(path, content, String(permissions))),
    ...bootCommands.map((command) => `sh -c ${quote(lineOf(command))}`),
    ...runCommands.length > 0 ? [write('$instance/runcmd', `${runCommands.map(lineOf).join('\n')}\n`, '0700')] : [],
  ].filter(Boolean).join('\n');
}

/** Lets keys in for a user. Of programs it starts hardly any: they are what takes time where a machine starts. */
export function authorize(user: string, keys: readonly string[]): string {
  if (keys.length === 0) { return ''; }
  const name = quote(user);
  return `while IFS=: read -r name _ _ group _ home _; do [ "$name" != ${name} ] || break; done </etc/passwd
if [ "$name" = ${name} ]; then
  [ -d "$home/.ssh" ] || install -d -m 0700 -o ${name} -g "$group" "$home/.ssh"
  [ -e "$home/.ssh/authorized_keys" ]; new=$?
  (umask 077; printf '%s\\n' ${keys.map((key) => quote(key.trim())).join(' ')} >>"$home/.ssh/authorized_keys")
  [ $new = 0 ] || chown ${name}:"$group" "$home/.ssh/authorized_keys"
fi`;
}

/** Its name is a type and a part: `ed25519_public`. */
function hostKey(name: string, key: string): string {
  const [, type, part] = /^(.*)_(private|public)$/.exec(name)!;
  return write(`/etc/ssh/ssh_host_${type}_key${part === 'public' ? '.pub' : ''}`, `${key.trim()}\n`, part === 'public' ? '0644' : '0600');
}

function makeUser(user: User): readonly string[] {
  const rules = typeof user.sudo === 'string' ? [user.sudo] : user.sudo ?? [];
  return [
    `id ${quote(user.name)} >/dev/null 2>&1 || useradd -m -s ${quote(user.shell ?? '/bin/sh')} ${quote(user.name)}`,
    authorize(user.name, user.ssh_authorized_keys ?? user['ssh-authorized-keys'] ?? []),
    ...rules.length > 0 ? [write('/etc/sudoers.d/90-cloud-init-users', rules.map((rule) => `${user.name} ${rule}\n`).join(''), '0440')] : [],
  ];
}

/** Nobody else can read it before it has its mode. */
function write(path: string, content: string, mode: string): string {
  const file = path.startsWith('$') ? `"${path}"` : quote(path);
  const folder = quote(posix.dirname(path));
  const make = path.startsWith('$') ? '' : `[ -d ${folder} ] || mkdir -p ${folder}; `;
  const bits = parseInt(mode, 8);
  // A file that is new, and is to have no other bits than a mask can leave, has its mode when it is there.
  const asMade = (bits & ~0o666) === 0;
  const chmod = asMade ? `[ $new = 1 ] || chmod ${mode} ${file}` : `chmod ${mode} ${file}`;
  const mask = asMade ? (0o666 & ~bits).toString(8).padStart(3, '0') : '077';
  return `${make}new=0; [ -e ${file} ] || new=1; (umask ${mask}; printf %s ${quote(content)} >${file}); ${chmod}`;
}

function lineOf(command: Command): string {
  return typeof command === 'string' ? command : command.map(quote).join(' ');
}
