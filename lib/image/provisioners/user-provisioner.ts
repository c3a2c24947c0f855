import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { IProvisioner, ProvisionerContext } from './provisioner-context';
import type { UserProps } from './user-props';
import { LOGIN_NAME } from '../../plan/names';
import { quote, quoteAll } from '../../plan/shell';

const KEY = /^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\r\n\0]*)?$/;
const PATH = /^\/[^\r\n\0:]*$/;

/** Makes or changes a user. */
export class UserProvisioner implements IProvisioner {
  readonly id = 'User';

  private readonly keys: readonly string[];

  constructor(private readonly name: string, private readonly user: UserProps) {
    // Read from a .pub file, a key ends with a newline.
    this.keys = (user.authorizedKeys ?? []).map((key) => key.trim());
  }

  bind(_scope: Construct, context: ProvisionerContext): void {
    const { name } = this;
    const { home, shell, groups = [] } = this.user;
    const faults = [
      ...fault(LOGIN_NAME, [name], 'is not a login name', 'Use lower-case letters, digits, - and _, at most 32 characters.'),
      ...fault(PATH, [home, shell], 'is not an absolute path', 'Give an absolute path.'),
      ...fault(LOGIN_NAME, groups, 'is not the name of a group', 'Use lower-case letters, digits, - and _, at most 32 characters.'),
      ...fault(KEY, this.keys, 'is not a public key', 'Give the one line of a .pub file, such as "ssh-ed25519 AAAA... me@here".'),
    ];
    faults.forEach(([message, hint]) => context.addFault(message, hint));
    context.claim(`user ${name}`);
    if (faults.length === 0) { context.run({ inline: this.script() }); }
  }

  private script(): string[] {
    const { home, shell, groups = [], system = false } = this.user;
    const login = quote(this.name);
    const homeOf = `$(getent passwd ${login} | cut -d: -f6)`;
    const options = [
      ...(system ? ['--system'] : []),
      '--shell', shell ?? (system ? '/usr/sbin/nologin' : '/bin/bash'),
      ...(home ? ['--home-dir', home] : []),
      system && !home && this.keys.length === 0 ? '--no-create-home' : '--create-home',
    ];
    return [
      'set -eu',
      'command -v useradd >/dev/null || { echo "useradd is not installed: install the package shadow first" >&2; exit 1; }',
      ...groups.map((group) => `getent group ${quote(group)} >/dev/null || groupadd ${quote(group)}`),
      `if getent passwd ${login} >/dev/null; then`,
      '  :',
      ...(shell ? [`  usermod --shell ${quote(shell)} ${login}`] : []),
      ...(home ? [`  [ "${homeOf}" = ${quote(home)} ] || usermod --home ${quote(home)} --move-home ${login}`] : []),
      `elif getent group ${login} >/dev/null; then`,
      `  useradd ${quoteAll([...options, '--gid', this.name])} ${login}`,
      'else',
      `  useradd ${quoteAll([...options, '--user-group'])} ${login}`,
      'fi',
      ...(groups.length > 0 ? [`usermod --append --groups ${quote(groups.join(','))} ${login}`] : []),
      ...(this.keys.length > 0 ? [
        `folder="${homeOf}/.ssh"`,
        `install -d -m 0700 -o ${login} -g "$(id -g ${login})" "$folder"`,
        'umask 077',
        `printf '%s\\n' ${quoteAll(this.keys)} >"$folder/authorized_keys"`,
        `chown ${login}: "$folder/authorized_keys"`,
      ] : []),
    ];
  }
}

function fault(form: RegExp, texts: readonly (string | undefined)[], message: string, hint: string): [string, string][] {
  return texts
    .filter((text): text is string => text !== undefined && !Token.isUnresolved(text) && !form.test(text))
    .map((text) => [`${JSON.stringify(text)} ${message}`, hint]);
}
