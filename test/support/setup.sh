# Shell functions for `npm run quickstart` and `npm run verify`: they have to work before node_modules exists.

SANDBOX_PACKAGES="mmdebstrap systemd-container slirp4netns uidmap iproute2 util-linux tar zstd ca-certificates e2fsprogs gdisk mtools grub-common grub-pc-bin grub-efi-amd64-bin qemu-system-x86 qemu-utils"
TEST_PACKAGES="busybox-static openssh-server openssh-client ovmf libcap2-bin procps python3 python3-pip python3-venv curl git faketime strace"

say() { printf '\n==> %s\n' "$*"; }
die() { printf '\nerror: %s\n' "$*" >&2; exit 1; }

need_node() {
  command -v node >/dev/null 2>&1 || die "Node.js 20.16 or newer is needed: https://nodejs.org"
  command -v npm >/dev/null 2>&1 || die "npm is needed beside Node.js"
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 16) ? 0 : 1)' ||
    die "Node.js 20.16 or newer is needed; this is $(node --version)"
}

# The words that make a command run as root; empty where we are root. Fails where there is no way.
root_prefix() {
  if [ "$(id -u)" = 0 ]; then return 0; fi
  command -v sudo >/dev/null 2>&1 || return 1
  if sudo -n true 2>/dev/null || [ -t 0 ]; then printf 'sudo'; else return 1; fi
}

# need_packages PACKAGE...: installs those that are missing, after saying which.
need_packages() {
  missing=
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null 2>&1 || die "these packages are needed, and this is not a Debian or Ubuntu machine:$missing"
  prefix=$(root_prefix) || die "these packages are missing:$missing
       Let somebody who may install packages run:
       apt-get update && apt-get install --no-install-recommends$missing"
  say "Installing system packages that are missing:$missing"
  log=$(mktemp)
  # Programs are all that is wanted: no service of theirs is to start on this machine, now or at its next boot.
  policy=/usr/sbin/policy-rc.d
  if [ -e $policy ]; then policy=; else printf '#!/bin/sh\nexit 101\n' | $prefix tee $policy >/dev/null; $prefix chmod 0755 $policy; fi
  status=0
  { $prefix apt-get update && $prefix env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 || status=$?
  [ -z "$policy" ] || $prefix rm -f "$policy"
  case " $missing " in
    *' openssh-server '*) if [ -d /run/systemd/system ]; then $prefix systemctl disable ssh.service ssh.socket >>"$log" 2>&1 || true; fi ;;
  esac
  if [ $status != 0 ]; then tail -n 30 "$log" >&2; rm -f "$log"; die "the packages could not be installed"; fi
  rm -f "$log"
}

# The packages of these that the distribution has.
available() {
  for package in "$@"; do
    if apt-cache show "$package" >/dev/null 2>&1; then printf '%s ' "$package"; fi
  done
}

# quietly COMMAND...: shows what a command printed only where it fails.
quietly() {
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then rm -f "$log"; else cat "$log" >&2; rm -f "$log"; die "this failed: $*"; fi
}

install_project() {
  say "Installing the project's packages (npm ci)"
  quietly npm ci --no-audit --no-fund --loglevel=error
}

compile_project() {
  say "Compiling with jsii, and bundling the command golden"
  quietly npx --no-install projen compile
  quietly npx --no-install projen post-compile
}

# Brings the project to where its command and its tests run.
prepare_project() {
  install_project
  compile_project
}
