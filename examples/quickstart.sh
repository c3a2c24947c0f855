#!/bin/sh
# Installs what is missing, compiles, and builds examples/web-server for real on this machine. No cloud account is needed, and no root.
set -eu
cd "$(dirname "$0")/.."
. test/support/setup.sh

need_node
need_packages $SANDBOX_PACKAGES
prepare_project

if ! ways=$(node bin/golden.js doctor); then
  printf '%s\n' "$ways" >&2
  die "no image can be built here as it is; see above"
fi

say "Building examples/web-server; the first build makes its Debian base, which takes about a minute"
cd examples/web-server
exec node ../../bin/golden.js build --boot-test "$@"
