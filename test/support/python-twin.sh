#!/bin/sh
# Makes the Python package of this library, and a virtual environment that has it, in the folder that is given; prints the path
# of its python. It needs the npm packages, bin/ (npx projen bundle:golden), python3 with venv, and PyPI. What is there of the
# same sources is kept.
set -eu
folder=$1
project=$(cd "$(dirname "$0")/../.." && pwd)
venv=$folder/venv
package=$folder/package
mkdir -p "$folder"
cd "$project"

# What is tracked and no more: a compilation must not meet the one of somebody else.
files() { git ls-files -z -- lib package.json README.md LICENSE .npmignore tsconfig.json; }
digest=$(files | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)

if [ "$(cat "$folder/digest" 2>/dev/null)" != "$digest" ]; then
  rm -rf "$package" "$folder/digest"
  mkdir -p "$package"
  files | xargs -0 tar -cf - -- | tar -xf - -C "$package"
  cp -R bin "$package/bin"
  ln -s "$project/node_modules" "$package/node_modules"
  cd "$package"
  node -e '
    const fs = require("fs");
    const manifest = JSON.parse(fs.readFileSync("package.json", "utf8"));
    manifest.jsii.targets = { python: { distName: "cdk-golden-image", module: "cdk_golden_image" } };
    fs.writeFileSync("package.json", JSON.stringify(manifest, undefined, 2));
  '
  "$project/node_modules/.bin/jsii" --silence-warnings=reserved-word >&2
  "$project/node_modules/.bin/jsii-pacmak" --targets python --outdir dist --no-parallel >&2

  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  version=$(node -p 'require(process.argv[1]).version' "$project/node_modules/aws-cdk-lib/package.json")
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "aws-cdk-lib==$version" >&2
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps dist/python/*.whl >&2
  echo "$digest" >"$folder/digest"
fi
echo "$venv/bin/python"
