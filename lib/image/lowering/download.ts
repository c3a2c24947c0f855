import { Duration, Token } from 'aws-cdk-lib';
import type { Author } from './author';
import { SHA256 } from './forms';
import { absolutePath, expectOwnership } from './put';
import type { DownloadProps } from '../provisioners/download-props';
import type { ShellProps } from '../provisioners/shell-props';

/** Arguments: URL, digest, destination, owner, group, mode. */
const SCRIPT = `
set -eu
url=$1 expected=$2 destination=$3 owner=$4 group=$5 mode=$6
if [ -d "$destination" ]; then
  echo "$destination is a folder" >&2
  exit 1
fi
mkdir -p -- "$(dirname -- "$destination")"
part=$(mktemp "$destination.XXXXXX")
trap 'rm -f -- "$part"' EXIT
if command -v curl >/dev/null 2>&1; then
  curl --fail --silent --show-error --location --proto '=http,https' --connect-timeout 30 --output "$part" -- "$url"
elif command -v wget >/dev/null 2>&1; then
  wget -q -O "$part" -- "$url"
else
  echo 'Neither curl nor wget is installed: install one of them first' >&2
  exit 1
fi
actual=$(sha256sum <"$part")
actual=\${actual%% *}
if [ "$actual" != "$expected" ]; then
  echo "$url has the SHA-256 $actual, not $expected" >&2
  exit 1
fi
chown -- "$owner:$group" "$part"
chmod -- "$mode" "$part"
mv -f -- "$part" "$destination"
`.trim();

/** What to run so that the machine downloads a file; undefined where a fault prevents it. */
export function downloadScript(props: DownloadProps, author: Author): ShellProps | undefined {
  const { url, sha256, owner = 'root', group = 'root', mode = '0644', timeout = Duration.minutes(15), retries = 2 } = props;
  expectOwnership({ owner, group, modes: [mode] }, author);
  author.expectForm(/^https?:\/\/[^\s/]+\S*$/, url, 'invalid-url', `${JSON.stringify(url)} is not an http or https URL`, 'Give the URL of one file.');
  author.expectForm(SHA256, sha256, 'invalid-digest', `${JSON.stringify(sha256)} is not a SHA-256 digest`, 'Give the 64 hex digits that sha256sum prints.');
  const destination = finalPath(props.destination, url, author);
  if (destination === undefined) { return undefined; }
  return { inline: [SCRIPT], arguments: [url, sha256.toLowerCase(), destination, owner, group, mode], timeout, retries };
}

function finalPath(destination: string, url: string, author: Author): string | undefined {
  if (Token.isUnresolved(destination)) { return destination; }
  if (!destination.endsWith('/')) { return absolutePath(destination, author); }
  const name = url.replace(/[?#].*$/, '').split('/').slice(3).pop();
  if (!name) {
    author.fault('no-file-name', `${url} does not end with a name to put into ${destination}`, 'Give the path of the file, without a trailing slash.');
    return undefined;
  }
  return absolutePath(`${destination}${name}`, author);
}
