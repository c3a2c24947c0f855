#!/bin/sh
# Installs what is missing, compiles, and builds examples/web-server for real on this machine. No cloud account is needed.
set -eu
cd "$(dirname "$0")/.."
. test/support/setup.sh

need_node
need_packages $SANDBOX_PACKAGES
prefix=$(root_prefix) || die "the sandbox host needs root, and sudo is not available"
prepare_project

say "Building examples/web-server; the first build makes its Debian base, which takes about a minute"
cd examples/web-server
exec $prefix "$(command -v node)" ../../bin/golden.js build --boot-test "$@"
