#!/bin/sh
# Declares the image of examples/one-stack, with its provisioner, in Java and in Go, against packages that are made of this working
# tree; fails where one has another definition hash than the twin in TypeScript. A language whose tools are not here is left out.
#
# twins.sh [java] [go]    all of them without an argument
set -eu
project=$(cd "$(dirname "$0")/../.." && pwd)
folder=${GOLDEN_TEST_HOME:-${TMPDIR:-/tmp}/golden-test-home}/languages
site=$project/examples/one-stack/site
expected=$(node -p 'require(process.argv[1])[0].definitionHash' "$project/examples/one-stack/expected-plans.json")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
# Newer than what the library asks for, and on more proxies.
CDK=github.com/aws/aws-cdk-go/awscdk/v2@v2.276.0

# packed LANGUAGE: the folder of its sources
packed() { sh "$project/test/support/packed-library.sh" "$folder" "$1" --code-only; }

# Each prints the hash last. A failure ends it: nothing of it stands in a condition but the whole.
java() {
  sources=$(packed java) &&
    # Without javadoc and sources, which nobody reads here and which take longer than all else.
    mvn --batch-mode --quiet -Dmaven.repo.local="$folder/maven" -Dmaven.javadoc.skip -Dmaven.source.skip -f "$sources" install >&2 &&
    cp -R "$project/test/languages/java" "$work/java" &&
    mvn --batch-mode --quiet -Dmaven.repo.local="$folder/maven" -f "$work/java" compile exec:java -Dexec.args="$site"
}

go() {
  sources=$(packed go)/cdkgoldenimage &&
    cp -R "$project/test/languages/go" "$work/go" &&
    cd "$work/go" &&
    command go mod edit -replace "github.com/cdk-golden-image/cdk-golden-image-go/cdkgoldenimage=$sources" -require "$CDK" $(missing "$sources/go.mod") &&
    command go mod tidy >&2 &&
    command go run . "$site"
}

# missing GO_MOD: leaves out what is required and not to be had: not every proxy has each version, and a newer one will do.
missing() {
  sed -n 's/^\t\(require \)\?\([^ ]*\) \(v[^ ]*\).*/\2@\3/p' "$1" | while read -r module; do
    command go mod download "$module" 2>/dev/null || printf ' -exclude %s' "$module"
  done
}

for language in ${*:-java go}; do
  case $language in java) tool=mvn ;; *) tool=$language ;; esac
  command -v "$tool" >/dev/null 2>&1 || { echo "$language: left out, as there is no $tool"; continue; }
  begin=$(date +%s)
  # Maven resets the colours of a terminal that is none.
  hash=$("$language" | grep -Eo "[0-9a-f]{64}" | tail -n 1) || hash=
  if [ "$hash" = "$expected" ]; then
    echo "$language: the same image as its twin in TypeScript, $hash, after $(($(date +%s) - begin)) s"
  else
    echo "$language: the definition hash is ${hash:-none}, and that of its twin in TypeScript $expected" >&2
    failed=1
  fi
done
exit $failed
