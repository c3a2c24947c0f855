#!/bin/sh
# Installs what is missing and runs every test: fast suites in parallel, then those on real machines.
set -eu
cd "$(dirname "$0")/.."
. test/support/setup.sh

need_node
need_packages $SANDBOX_PACKAGES $TEST_PACKAGES
# Newer distributions have no Packer; the suite that compares with it says so.
need_packages $(available packer)
prefix=$(root_prefix) || die "the suites on real machines need root, and sudo is not available"
install_project

export ESLINT_USE_FLAT_CONFIG=false NODE_NO_WARNINGS=1
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
compile_project
# Two processes at a time that compute, and need nothing of each other.
npx --no-install eslint --ext .ts --no-error-on-unmatched-pattern lib test examples .projenrc.ts >"$results/lint.log" 2>&1 &
lint=$!
say "Types of tests and examples"
npx --no-install projen typecheck
say "API.md and the plan's schema are those of the sources"
git diff --exit-code -- API.md lib/plan/plan.schema.json
say "Lint"
wait $lint || { cat "$results/lint.log"; exit 1; }
say "Fast suites"
# Many of them wait for machines and servers more than they work.
npx --no-install jest --maxWorkers 3 --json --outputFile="$results/fast.json"
say "Suites on real machines"
$prefix env "PATH=$PATH" npx --no-install projen test:e2e --json --outputFile="$results/real.json"
say "Suites on the emulated AWS, deployments and some killed builds among them (all of them, and calls that fail: npm run test:faults)"
$prefix env "PATH=$PATH" npx --no-install projen test:cloud --json --outputFile="$results/cloud.json"

node -e '
  const all = process.argv.slice(1).map((file) => require(file));
  const sum = (key) => all.reduce((total, result) => total + result[key], 0);
  console.log(`\n${sum("numPassedTests")} passed, ${sum("numFailedTests")} failed, ${sum("numPendingTests")} skipped`);
' "$results/fast.json" "$results/real.json" "$results/cloud.json"
