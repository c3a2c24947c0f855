import { randomBytes } from 'crypto';
import { setTimeout as sleep } from 'timers/promises';
import { WINDOW } from './ahead';
import type { RemoteCommand } from './remote-command';

/** By then a session whose input nobody took any more has ended, where it does so by itself. */
const LINGER_MS = 1000;

/** For sessions that were open already. */
const MEET_SECONDS = 60;

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
 * Starts a command with a large input, whose end comes over other sessions at the same time: as much as each has room for, whether
 * or not anybody reads yet.
 * @param sessions how many are open and wait for a command, 2 at least
 */
export async function startWide(starter: Starter, command: string, input: Buffer, sessions: number): Promise<RemoteCommand> {
  const folder = `/tmp/golden-input-${randomBytes(8).toString('hex')}`;
  const share = Math.min(WINDOW, Math.ceil(input.length / sessions));
  const pipes = Array.from({ length: sessions - 1 }, (_, index) => `${folder}/${index}`);
  const head = input.length - pipes.length * share;
  const [own, ...lanes] = await Promise.all([
    starter.asRoot(joining(folder, pipes, command)), ...pipes.map((pipe) => starter.asIs(`umask 077; mkdir -p ${folder} && mkfifo ${pipe} && exec cat >${pipe}`)),
  ]);
  lanes.forEach(({ stdout, stderr }) => { stdout.resume(); stderr.resume(); });
  own.stdin.end(input.subarray(0, head));
  lanes.forEach(({ stdin }, index) => stdin.end(input.subarray(head + index * share, head + (index + 1) * share)));
  void own.ended.catch(() => undefined).then(() => endAll(lanes, () => starter.asRoot(`rm -rf ${folder}`))).catch(() => undefined);
  return own;
}

/** The command, with what comes over all sessions as its input, in order. Its own comes first, so that the pipes are there by then. */
function joining(folder: string, pipes: readonly string[], command: string): string {
  return `{
cat
turn=0
for pipe in ${pipes.join(' ')}; do
  until [ -p $pipe ] || [ $turn -ge ${MEET_SECONDS * 50} ]; do
    sleep 0.02 || sleep 1
    turn=$((turn + 1))
  done
  cat <$pipe
done
rm -rf ${folder}
} 2>/dev/null | {
${command}
}`;
}

/** Where the command has ended before it took all, nobody comes any more to who waits for it in a pipe. */
async function endAll(lanes: readonly RemoteCommand[], removePipes: () => Promise<RemoteCommand>): Promise<void> {
  const ends = Promise.all(lanes.map(({ ended }) => ended.catch(() => undefined))).then(() => true);
  if (await Promise.race([ends, sleep(LINGER_MS, false, { ref: false })])) { return; }
  await Promise.all(lanes.map((lane) => lane.kill()));
  const removal = await removePipes();
  removal.stdin.end();
  [removal.stdout, removal.stderr].forEach((stream) => stream.resume());
}
