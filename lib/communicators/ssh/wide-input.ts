import { randomBytes } from 'crypto';
import { setTimeout as sleep } from 'timers/promises';
import { WINDOW } from './ahead';
import type { RemoteCommand } from './remote-command';

/** By then a session whose input nobody took any more has ended, where it does so by itself. */
const LINGER_MS = 1000;

/** For sessions that were open already. */
const MEET_SECONDS = 60;

/** From this exit code on it was a signal. */
const KILLED = 128;

/** Starts a command. What goes to its stdin may follow at once. */
export interface Starter {
  asRoot(command: string): Promise<RemoteCommand>;
  /** As who logs in. */
  asIs(command: string): Promise<RemoteCommand>;
}

/** Whether an input is more than a server lets be on its way in one session, however long that is. */
export function isWide(input: Buffer | string | undefined): input is Buffer | string {
  return input !== undefined && input.length > WINDOW;
}

/**
 * Starts a command with a large input, whose end comes over other sessions at the same time: as much as each has room for. What
 * comes over them lies in the machine's memory until it is its turn, as an SSH server is slow with what nobody takes from it: with
 * each packet it copies all that waits.
 * @param sessions how many are open and wait for a command, 2 at least
 */
export async function startWide(starter: Starter, command: string, input: Buffer, sessions: number): Promise<RemoteCommand> {
  const name = `golden-input-${randomBytes(8).toString('hex')}`;
  const used = Math.min(sessions, Math.ceil(input.length / WINDOW));
  const share = Math.min(WINDOW, Math.ceil(input.length / used));
  const head = input.length - (used - 1) * share;
  const parts = Array.from({ length: used - 1 }, (_, lane) => input.subarray(head + lane * share, head + (lane + 1) * share));
  const [own, ...lanes] = await Promise.all([
    starter.asRoot(joining(name, parts.length, command)), ...parts.map(({ length }, lane) => starter.asIs(carrying(name, lane, length))),
  ]);
  lanes.forEach(({ stdout, stderr }) => { stdout.resume(); stderr.resume(); });
  lanes.forEach(({ stdin }, lane) => stdin.end(parts[lane]));
  // Last: its command takes the longest to be there.
  own.stdin.end(input.subarray(0, head));
  void own.ended.catch(() => KILLED).then((exitCode) => endAll(lanes, exitCode, () => starter.asRoot(removal(name)))).catch(() => undefined);
  return own;
}

/** Takes what comes over one session; what is not whole is not there. Without memory to keep it in, it waits in a pipe. */
function carrying(name: string, lane: number, size: number): string {
  const [kept, piped] = foldersOf(name);
  return `umask 077
if [ -w /dev/shm ]; then
  mkdir -p ${kept} && cat >${kept}/${lane}.part && [ "$(wc -c <${kept}/${lane}.part)" -eq ${size} ] && mv ${kept}/${lane}.part ${kept}/${lane}
else
  mkdir -p ${piped} && mkfifo ${piped}/${lane} && exec cat >${piped}/${lane}
fi`;
}

/** The command, with what comes over all sessions as its input, in order. */
function joining(name: string, lanes: number, command: string): string {
  const [kept, piped] = foldersOf(name);
  return `{
cat
turn=0
for lane in ${Array.from({ length: lanes }, (_, lane) => lane).join(' ')}; do
  until [ -e ${kept}/$lane ] || [ -p ${piped}/$lane ] || [ $turn -ge ${MEET_SECONDS * 100} ]; do
    sleep 0.01 || sleep 1
    turn=$((turn + 1))
  done
  if [ -p ${piped}/$lane ]; then cat <${piped}/$lane; else cat ${kept}/$lane; fi
done
${removal(name)}
} 2>/dev/null | {
${command}
}`;
}

function foldersOf(name: string): readonly [kept: string, piped: string] {
  return [`/dev/shm/${name}`, `/tmp/${name}`];
}

function removal(name: string): string {
  return `rm -rf ${foldersOf(name).join(' ')}`;
}

/** A command that was killed removes nothing; where it ended before it took all, who waits for it in a pipe does so for ever. */
async function endAll(lanes: readonly RemoteCommand[], exitCode: number, remove: () => Promise<RemoteCommand>): Promise<void> {
  const ends = Promise.all(lanes.map(({ ended }) => ended.catch(() => undefined))).then(() => true);
  const ended = await Promise.race([ends, sleep(LINGER_MS, false, { ref: false })]);
  if (ended && exitCode < KILLED) { return; }
  await Promise.all(lanes.map((lane) => lane.kill()));
  const removed = await remove();
  removed.stdin.end();
  [removed.stdout, removed.stderr].forEach((stream) => stream.resume());
}
