import { GoldenError } from '../errors';
import type { ProbeOutput } from './checks/probe';
import { quote } from '../plan/shell';

/** One command to run on a machine. */
export interface ProbeCommand {
  readonly script: string;
  readonly timeoutMs: number;
}

/** What is kept of each stream of a command. Goss would read it all; a check needs a few lines. */
const STREAM_LIMIT = 4 << 20;

/** After this much the script stops, and what remains is asked for in another call. */
const TOTAL_LIMIT = 8 << 20;

/**
 * One script that runs the commands one after the other, each with its own timeout, and frames what they write:
 * `number exit-code bytes-of-stdout bytes-of-stderr`, a newline, and the bytes. It ends early where that becomes too much.
 *
 * It is read from stdin, since a command line has a limit; the braces make the shell read all of it before it starts.
 * The output goes through files and not through pipes, so that what a command leaves running in the background holds nothing up.
 */
export function probeScript(commands: readonly ProbeCommand[]): string {
  return `{
umask 077
d=$(mktemp -d /run/golden-check.XXXXXX 2>/dev/null || mktemp -d) || exit 75
trap 'rm -rf "$d"' EXIT
trap 'exit 1' HUP INT TERM
total=0
probe() {
  rm -f "$d/code"
  timeout -k 1 "$2" sh -c 'sh -c "$1"; echo $? >"$2"' sh "$3" "$d/code" </dev/null >"$d/out" 2>"$d/err"
  code=timeout
  [ ! -s "$d/code" ] || read -r code <"$d/code"
  out=$(($(wc -c <"$d/out"))) err=$(($(wc -c <"$d/err")))
  echo "$1 $code $out $err"
  head -c ${STREAM_LIMIT} <"$d/out"
  head -c ${STREAM_LIMIT} <"$d/err"
  total=$((total + out + err))
  [ $total -lt ${TOTAL_LIMIT} ] || exit 0
}
${commands.map(({ script, timeoutMs }, number) => `probe ${number} ${Math.max(1, Math.ceil(timeoutMs / 1000))} ${quote(script)}`).join('\n')}
exit 0
}
`;
}

/** The frames that a script wrote, in the order of its commands; fewer than commands where it stopped early. */
export function parseFrames(output: Buffer): ProbeOutput[] {
  const frames: ProbeOutput[] = [];
  for (let offset = 0; offset < output.length;) {
    const end = output.indexOf('\n', offset);
    const [, code, out, err] = /^\d+ (\d+|timeout) (\d+) (\d+)$/.exec(output.toString('latin1', offset, Math.max(end, offset))) ?? [];
    const outEnd = end + 1 + Math.min(Number(out), STREAM_LIMIT);
    const errEnd = outEnd + Math.min(Number(err), STREAM_LIMIT);
    if (code === undefined || errEnd > output.length) {
      throw new GoldenError('garbled-checks', `The answer of the machine breaks off after ${frames.length} checks`, {
        hint: 'The connection may have been cut; run the build again.',
      });
    }
    frames.push({
      exitCode: code === 'timeout' ? undefined : Number(code),
      stdout: output.subarray(end + 1, outEnd),
      stderr: output.subarray(outEnd, errEnd),
      truncated: Math.max(Number(out), Number(err)) > STREAM_LIMIT,
    });
    offset = errEnd;
  }
  return frames;
}
