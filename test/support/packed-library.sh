#!/bin/sh
# Packs this library for another language of the CDK, with jsii-pacmak, in the folder that is given; prints the folder of what came
# of it. It needs the npm packages and bin/ (npx projen bundle:golden). What is there of the same sources is kept.
#
# packed-library.sh FOLDER LANGUAGE [OPTION...]    options are of jsii-pacmak
set -eu
folder=$1 language=$2
shift 2
project=$(cd "$(dirname "$0")/../.." && pwd)
package=$folder/package
mkdir -p "$folder"
cd "$project"

# What is tracked and no more: a compilation must not meet the one of somebody else.
files() { git ls-files -z -- lib package.json README.md LICENSE .npmignore tsconfig.json; }
# What jsii made of those files, and only then: it takes a minute to make it again.
compiled() { git ls-files -- 'lib/*.ts' | sed 's/\.ts$//' | while read -r name; do printf '%s.js\0%s.d.ts\0' "$name" "$name"; done; }
is_compiled() {
  [ -e .jsii ] && files | xargs -0 sh -c 'for file; do [ ! "$file" -nt .jsii ] || exit 1; done' sh &&
    compiled | xargs -0 sh -c 'for file; do [ -e "$file" ] || exit 1; done' sh
}
digest=$({ files | xargs -0 sha256sum; sha256sum bin/*.js; } | sha256sum | cut -d' ' -f1)

if [ "$(cat "$folder/digest" 2>/dev/null)" != "$digest" ]; then
  rm -rf "$package" "$folder/digest"
  mkdir -p "$package"
  files | xargs -0 tar -cf - -- | tar -xf - -C "$package"
  cp -R bin "$package/bin"
  ln -s "$project/node_modules" "$package/node_modules"
  if is_compiled; then
    cp .jsii "$package/.jsii"
    compiled | xargs -0 tar -cf - -- | tar -xf - -C "$package"
  else
    (cd "$package" && "$project/node_modules/.bin/jsii" --silence-warnings=reserved-word >&2)
  fi
  echo "$digest" >"$folder/digest"
fi
if [ ! -d "$package/dist/$language" ]; then
  cd "$package"
  "$project/node_modules/.bin/jsii-pacmak" --targets "$language" --outdir "$package/dist.$language" --no-parallel "$@" >&2
  mkdir -p "$package/dist"
  mv "$package/dist.$language/$language" "$package/dist/$language"
fi
echo "$package/dist/$language"
