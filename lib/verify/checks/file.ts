import { posix } from 'path';
import { textReading, type Probe, type Reading } from './probe';
import { quote } from '../../plan/shell';

/**
 * Metadata of the path itself (a symbolic link is not followed), contents and digests of what it leads to.
 * Each field is written as `name bytes`, a newline, and that many bytes; contents come last and only when asked for.
 */
export const fileProbe: Probe = {
  command: (check) => {
    const asked = (attribute: string) => attribute in check.attributes;
    return [
      'LC_ALL=C; export LC_ALL',
      ...setPath(check.resource),
      '[ -e "$p" ] || [ -L "$p" ] || exit 0',
      'field() { printf \'%s %s\\n%s\\n\' "$1" "${#2}" "$2"; }',
      's=$(stat -c \'%f %u %g %s\' -- "$p") || exit 1',
      'field stat "$s"',
      ...asked('owner') ? [nameOf('owner', '/etc/passwd', 'passwd', 2)] : [],
      ...asked('group') ? [nameOf('group', '/etc/group', 'group', 3)] : [],
      // The x keeps newlines at the end of a target.
      ...asked('linked-to') ? ['[ ! -L "$p" ] || { t=$(readlink -n -- "$p"; printf x); field linked-to "${t%x}"; }'] : [],
      ...DIGESTS.filter(asked).map((digest) => `v=$( { ${digest}sum <"$p"; } 2>&1) && field ${digest} "\${v%% *}" || field ${digest}-error "$v"`),
      ...asked('contents') ? ['if [ -d "$p" ]; then field contents-error \'is a directory\'; else printf \'contents -\\n\'; cat <"$p" || exit 3; fi'] : [],
      'exit 0',
    ].join('\n');
  },

  parse: (output, check) => {
    const { exitCode, stdout, stderr } = output;
    const said = stderr.toString().trim();
    if (exitCode !== 0 && exitCode !== 3) { return { exists: { error: said || 'the file could not be read' } }; }
    const fields = fieldsOf(stdout);
    const stat = fields.get('stat');
    if (!stat) { return { exists: { value: false } }; }
    const [rawMode, uid, gid, size] = stat.toString().split(' ');
    const mode = parseInt(rawMode, 16);
    const field = (name: string, absent: string): Reading => {
      const value = fields.get(name);
      return value ? { value: value.toString() } : { error: fields.get(`${name}-error`)?.toString() ?? absent };
    };
    const contents = fields.get('contents');
    return {
      'exists': { value: true },
      'mode': { value: (mode & 0o7777).toString(8).padStart(4, '0') },
      'uid': { value: Number(uid) },
      'gid': { value: Number(gid) },
      'size': { value: Number(size) },
      'filetype': { value: FILE_TYPES[mode & 0o170000] ?? 'file' },
      'owner': field('owner', `there is no user with the ID ${uid}`),
      'group': field('group', `there is no group with the ID ${gid}`),
      'linked-to': field('linked-to', `${check.resource} is not a symbolic link`),
      ...Object.fromEntries(DIGESTS.map((digest) => [digest, field(digest, `no ${digest} of it could be made`)])),
      'contents': contents && exitCode === 0
        ? textReading(output, contents)
        : { error: said || `${check.resource} ${fields.get('contents-error')?.toString() ?? 'could not be read'}` },
    };
  },
};

const DIGESTS = ['md5', 'sha256', 'sha512'];

/** By S_IFMT. */
const FILE_TYPES: { readonly [format: number]: string } = {
  0o120000: 'symlink',
  0o140000: 'socket',
  0o100000: 'file',
  0o060000: 'block-device',
  0o040000: 'directory',
  0o020000: 'character-device',
  0o010000: 'pipe',
};

/** Sets `p` to the path; `~` and `~user` become that user's home. */
function setPath(path: string): string[] {
  if (!path.startsWith('~')) { return [`p=${quote(posix.resolve('/', path))}`]; }
  const [tilde] = path.split('/', 1);
  const user = tilde === '~' ? '"$(id -un)"' : quote(tilde.slice(1));
  return [
    `p=$(getent passwd ${user} | cut -d: -f6)`,
    `[ -n "$p" ] || { echo ${quote(`there is no user for ${tilde}`)} >&2; exit 1; }`,
    `p=$p${quote(posix.resolve('/', path.slice(tilde.length + 1)))}`,
    'p=${p%/}',
  ];
}

/** Looks the ID up in the file first, as Goss does, then wherever the system looks. */
function nameOf(field: string, file: string, database: string, column: 2 | 3): string {
  const id = `$(echo "$s" | cut -d' ' -f${column})`;
  return `i=${id}; n=$(while IFS=: read -r a b c d; do [ "$c" != "$i" ] || { printf %s "$a"; break; }; done <${file})
[ -n "$n" ] || n=$(getent ${database} "$i" | cut -d: -f1)
[ -z "$n" ] || field ${field} "$n"`;
}

/** A length of `-` means: all the rest. */
function fieldsOf(output: Buffer): Map<string, Buffer> {
  const fields = new Map<string, Buffer>();
  let offset = 0;
  for (let end = output.indexOf('\n'); end >= 0; end = output.indexOf('\n', offset)) {
    const [name, length] = output.toString('latin1', offset, end).split(' ');
    const stop = length === '-' ? output.length : end + 1 + Number(length);
    fields.set(name, output.subarray(end + 1, stop));
    offset = stop + 1;
    if (offset >= output.length) { break; }
  }
  return fields;
}
