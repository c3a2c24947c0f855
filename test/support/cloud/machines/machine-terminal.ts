import { randomBytes } from 'crypto';
import { Duplex } from 'stream';
import type { CloudTerminal } from './machine-provider';
import { inTerminal, resizeTerminal } from '../../../../lib/communicators/exec/terminal-script';
import { quote } from '../../../../lib/plan/shell';
import { keepAwake, killGroup, run, start } from '../../../../lib/process';

/** The user that the agent makes for sessions, who may become root. */
const USER = 'ssm-user';
const MAKE_USER = `id ${USER} >/dev/null 2>&1 || { useradd --create-home ${USER}; echo '${USER} ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/ssm-agent-users; }`;
/** Until the client says another one. */
const SIZE = { columns: 80, rows: 24 };

/**
 * Runs a command in a terminal of a machine's own, as its agent does.
 * @param enter runs its further words in the machine
 */
export function machineTerminal(enter: readonly string[], command: string, env: NodeJS.ProcessEnv): CloudTerminal {
  return terminal([...enter, '/bin/sh', '-c'], env, `exec setpriv --reuid=${USER} --regid=${USER} --init-groups -- env HOME=/home/${USER} sh -c ${quote(command)}`, MAKE_USER);
}

/** The same on this computer, as its user. */
export function ownTerminal(command: string): CloudTerminal {
  return terminal(['/bin/sh', '-c'], { ...process.env }, command, ':');
}

function terminal(shell: readonly string[], env: NodeJS.ProcessEnv, command: string, first: string): CloudTerminal {
  const mark = `/tmp/terminal-${randomBytes(4).toString('hex')}`;
  const child = start([...shell, `${first}\n${inTerminal(command, { ...SIZE, type: 'xterm-256color' }, mark)}`], { env, detached: true });
  keepAwake(child);
  child.stdin!.on('error', () => undefined);
  const stream = Duplex.from({ readable: child.stdout!, writable: child.stdin! }) as Duplex;
  const execute = (script: string) => { run([...shell, script], { env, onStart: keepAwake }).catch(() => undefined); };
  stream.on('error', () => undefined).once('close', () => {
    killGroup(child);
    execute(`rm -f ${mark}`);
  });
  return { stream, resize: (size) => execute(resizeTerminal(size, mark)) };
}
