import { GoldenError } from '../errors';
import { quote } from '../plan/shell';

/** More of a file is not read: a test hardly compares it. */
const TEXT_LIMIT = 4 << 20;

/** What is at a path of a machine. A symbolic link is described itself; its text is that of what it leads to. */
export interface MachineFile {
  /** Whether there is anything. Where not, nothing else is known. */
  readonly exists: boolean;
  readonly type?: 'file' | 'directory' | 'symlink' | 'other';
  /** Four octal digits, such as `0644`. */
  readonly mode?: string;
  /** Name of the user that owns it; `UNKNOWN` where the machine has none of that ID. */
  readonly owner?: string;
  /** Name of its group. */
  readonly group?: string;
  /** Bytes. */
  readonly size?: number;
  /** Where a symbolic link leads to. */
  readonly linkedTo?: string;
  /** Content, as UTF-8. Absent for what is no file, and for more than 4 MiB. */
  readonly text?: string;
}

const TYPES: { readonly [format: number]: MachineFile['type'] } = { 0o100000: 'file', 0o040000: 'directory', 0o120000: 'symlink' };

/** What says all of it: a line of `stat`, a line with the length of a link's target, the target, a line that says whether there is text, and the text. */
export function fileScript(path: string): string {
  if (!path.startsWith('/')) { throw new GoldenError('relative-path', `${path} is no absolute path`, { kind: 'usage' }); }
  return [
    'LC_ALL=C; export LC_ALL',
    `p=${quote(path)}`,
    '[ -e "$p" ] || [ -L "$p" ] || exit 0',
    'stat -c \'%f %U %G %s\' -- "$p" || exit',
    // The x keeps newlines at the end of a target.
    't=x; [ ! -L "$p" ] || t=$(readlink -n -- "$p"; printf x)',
    't=${t%x}; printf \'%s\\n%s\' "${#t}" "$t"',
    `if [ -f "$p" ] && [ "$(wc -c <"$p")" -le ${TEXT_LIMIT} ]; then echo text; cat <"$p"; else echo none; fi`,
  ].join('\n');
}

/** Reads what the script wrote. */
export function parseFile(output: Buffer): MachineFile {
  if (output.length === 0) { return { exists: false }; }
  const [stat, afterStat] = lineOf(output, 0);
  const [raw, owner, group, size] = stat.split(' ');
  const [length, target] = lineOf(output, afterStat);
  const afterTarget = target + Number(length);
  const [content, text] = lineOf(output, afterTarget);
  const mode = parseInt(raw, 16);
  const type = TYPES[mode & 0o170000] ?? 'other';
  return {
    exists: true,
    type,
    mode: (mode & 0o7777).toString(8).padStart(4, '0'),
    owner,
    group,
    size: Number(size),
    ...type === 'symlink' && { linkedTo: output.toString('utf8', target, afterTarget) },
    ...content === 'text' && { text: output.toString('utf8', text) },
  };
}

/** A line, and where the next begins. */
function lineOf(output: Buffer, from: number): [string, number] {
  const end = output.indexOf('\n', from);
  return [output.toString('latin1', from, end), end + 1];
}
