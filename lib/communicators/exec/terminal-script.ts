import { quote } from '../../plan/shell';
import type { Terminal, TerminalSize } from '../../ports/attachment';

const NO_SCRIPT = 'golden: the machine has no script(1), which gives a command a terminal: install bsdutils or util-linux in it';

/**
 * Runs a command in a terminal of the machine's own: one of this host would let the machine type into it.
 * @param mark file that has the name of the terminal meanwhile
 */
export function inTerminal(command: string, { columns, rows, type }: Terminal, mark: string): string {
  // script(1) takes the echo away where its own input is no terminal.
  const inner = `tty >${mark}; stty sane ${sizeWords({ columns, rows })}; export TERM=${quote(type)}; cd "$HOME"; ${command}`;
  return `command -v script >/dev/null || { echo ${quote(NO_SCRIPT)} >&2; exit 127; }
SHELL=/bin/sh script -qefc ${quote(inner)} /dev/null
code=$?
rm -f ${mark}
exit $code`;
}

/** Gives a terminal another size; who works in it is told by the kernel. */
export function resizeTerminal(size: TerminalSize, mark: string): string {
  return `[ ! -s ${mark} ] || stty -F "$(cat ${mark})" ${sizeWords(size)}`;
}

function sizeWords({ columns, rows }: TerminalSize): string {
  return `cols ${Math.trunc(columns)} rows ${Math.trunc(rows)}`;
}
