import { Duration, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { IProvisioner, ProvisionerContext } from './provisioner-context';
import type { PackagesOptions } from './provisioner-options';

/** Installs the packages that its arguments name, with the package manager that the machine has. */
const SCRIPT = `
set -eu
# Lists are refreshed once for each boot and each state of the configured sources.
stamp=/run/golden-package-lists
lists_are_old() {
  state=$(cat "$@" 2>/dev/null | cksum)
  [ "$(cat "$stamp" 2>/dev/null)" != "$state" ]
}
lists_are_fresh() { printf '%s\\n' "$state" >"$stamp"; }

if command -v apt-get >/dev/null 2>&1; then
  export LC_ALL=C DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a
  apt() {
    apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 \\
      -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
  }
  # Apt waits for the lock of dpkg, but not for that of the lists, which a timer of a fresh machine may hold.
  refresh() {
    for attempt in $(seq 120); do
      said=$(apt -o APT::Update::Error-Mode=any update 2>&1) && return 0 || code=$?
      case $said in
        *'Could not get lock'* | *'Unable to lock'*) sleep 5 ;;
        *) break ;;
      esac
    done
    printf '%s\\n' "$said" >&2
    return "$code"
  }
  if lists_are_old /etc/apt/sources.list /etc/apt/sources.list.d/*; then
    refresh
    lists_are_fresh
  fi
  apt install "$@"
elif command -v dnf >/dev/null 2>&1; then
  dnf -y install "$@"
elif command -v yum >/dev/null 2>&1; then
  yum -y install "$@"
elif command -v zypper >/dev/null 2>&1; then
  export ZYPP_LOCK_TIMEOUT=600
  if lists_are_old /etc/zypp/repos.d/*; then
    zypper --non-interactive refresh
    lists_are_fresh
  fi
  zypper --non-interactive install "$@"
elif command -v apk >/dev/null 2>&1; then
  if lists_are_old /etc/apk/repositories; then
    apk --wait 600 update
    lists_are_fresh
  fi
  apk --wait 600 add "$@"
else
  echo 'None of apt-get, dnf, yum, zypper and apk is installed' >&2
  exit 1
fi
`.trim();

/** Installs packages by name. */
export class PackagesProvisioner implements IProvisioner {
  readonly id = 'Packages';

  constructor(private readonly names: readonly string[], private readonly options: PackagesOptions) {}

  bind(_scope: Construct, context: ProvisionerContext): void {
    if (this.names.length === 0) { context.addFault('It has no packages to install', 'Name some, or leave the provisioner out.'); }
    // No leading dash: a package manager would take it for an option.
    const odd = this.names.filter((name) => !Token.isUnresolved(name) && !/^[A-Za-z0-9@/][^\s\0]*$/.test(name));
    odd.forEach((name) => context.addFault(`${JSON.stringify(name)} is not the name of a package`, 'Give names as the package manager takes them.'));
    const doubles = new Set(this.names.filter((name, index) => this.names.indexOf(name) !== index));
    doubles.forEach((name) => context.addFault(`The package ${name} is named twice`, 'Name it once.'));
    if (this.names.length === 0 || odd.length > 0) { return; }
    context.run({
      inline: [SCRIPT],
      arguments: [...this.names],
      timeout: this.options.timeout ?? Duration.minutes(30),
      retries: this.options.retries ?? 2,
    });
  }
}
