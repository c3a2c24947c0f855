import type { Author } from './author';
import { lateText } from './late-text';
import { shellInstructions } from './shell';
import type { PutInstruction, RunInstruction } from '../../plan/instructions';
import { quote } from '../../plan/shell';

/** Arguments: destination, owner, group, mode. */
const BEGIN = `
set -eu
destination=$1 owner=$2 group=$3 mode=$4
if [ -d "$destination" ]; then
  echo "$destination is a folder" >&2
  exit 1
fi
mkdir -p -- "$(dirname -- "$destination")"
part=$(mktemp "$destination.XXXXXX")
trap 'rm -f -- "$part"' EXIT
`.trim();

const END = `
chown -- "$owner:$group" "$part"
chmod -- "$mode" "$part"
mv -f -- "$part" "$destination"
`.trim();

/** What writes a text whose tokens are known only when the image is built. Nothing: there are faults. */
export function lateFileInstructions(put: PutInstruction, text: string, author: Author): RunInstruction[] {
  const late = lateText(text, 'The text of the file', author);
  if (!late) { return []; }
  const [first, ...others] = late.literals;
  const pieces = [quote(first), ...others.flatMap((literal, index) => [`"\${${late.variables[index]}}"`, quote(literal)])];
  const inline = [BEGIN, `printf '%s' ${pieces.join(' ')} >"$part"`, END];
  return shellInstructions({ inline, arguments: [put.destination, put.owner, put.group, put.mode ?? '0644'] }, author)
    .map((run) => ({ ...run, parameters: late.parameters }));
}
