#!/bin/sh
# Makes the Python package of this library, and a virtual environment that has it, in the folder that is given.
# It needs npm's packages here, bin/ (npx projen bundle:golden), python3 with venv, and PyPI. What is there already is kept.
set -eu
folder=$1
project=$(cd "$(dirname "$0")/../.." && pwd)
venv=$folder/venv
source=$folder/source
mkdir -p "$folder"

# Only what is tracked: a compilation must not meet that of somebody else.
if [ ! -d "$source/dist/python" ]; then
  rm -rf "$source"
  mkdir -p "$source"
  cd "$project"
  git ls-files -z -- lib package.json README.md LICENSE .npmignore tsconfig.json | xargs -0 tar -cf - -- | tar -xf - -C "$source"
  cp -R bin "$source/bin"
  ln -s "$project/node_modules" "$source/node_modules"
  cd "$source"
  node -e '
    const fs = require("fs");
    const manifest = JSON.parse(fs.readFileSync("package.json", "utf8"));
    manifest.jsii.targets = { python: { distName: "cdk-golden-image", module: "cdk_golden_image" } };
    fs.writeFileSync("package.json", JSON.stringify(manifest, undefined, 2));
  '
  "$project/node_modules/.bin/jsii" --silence-warnings=reserved-word
  "$project/node_modules/.bin/jsii-pacmak" --targets python --outdir dist --no-parallel
fi

if [ ! -x "$venv/bin/cdk-golden-image-ready" ]; then
  python3 -m venv "$venv"
  version=$(node -p 'require(process.argv[1]).version' "$project/node_modules/aws-cdk-lib/package.json")
  "$venv/bin/pip" install --quiet --disable-pip-version-check "aws-cdk-lib==$version" "$source"/dist/python/*.whl
  ln -s true "$venv/bin/cdk-golden-image-ready" 2>/dev/null || : >"$venv/bin/cdk-golden-image-ready"
  chmod +x "$venv/bin/cdk-golden-image-ready" 2>/dev/null || :
fi
echo "$venv/bin/python"
