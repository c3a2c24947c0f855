#!/bin/sh
# Makes the Python package of this library, and a virtual environment that has it, in the folder that is given; prints the path
# of its python. It needs what packed-library.sh needs, python3 with venv, and PyPI. What is there of the same sources is kept.
set -eu
folder=$1
support=$(cd "$(dirname "$0")" && pwd)
venv=$folder/venv
wheels=$(sh "$support/packed-library.sh" "$folder" python)
if [ "$(cat "$venv/digest" 2>/dev/null)" != "$(cat "$folder/digest")" ]; then
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  version=$(node -p 'require(process.argv[1]).version' "$support/../../node_modules/aws-cdk-lib/package.json")
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "aws-cdk-lib==$version" >&2
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$wheels"/*.whl >&2
  cp "$folder/digest" "$venv/digest"
fi
echo "$venv/bin/python"
