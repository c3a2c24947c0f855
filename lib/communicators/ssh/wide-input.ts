import { randomBytes } from 'crypto';
import { setTimeout as sleep } from 'timers/promises';
import { WINDOW } from './ahead';
import type { RemoteCommand } from './remote-command';

/** More carry no more of what goes with a command. */
const MAX_LANES = 3;

/** The input changes its session after each of these. */
const SEGMENT = 1 << 20;

/** By then a session whose input nobody took any more has ended, where it does so by itself. */
const LINGER_MS = 1000;

/** Starts a command. What goes to its stdin may follow at once. */
type Start = (command: string) => Promise<RemoteCommand>;

/** Whether an input is more than a server lets be on its way in one session, however long that is. */
export function isWide(input: Buffer | string | undefined): input is Buffer | string {
  return input !== undefined && input.length > WINDOW;
}

/**
 * Starts a command with a large input, which comes over several sessions at once.
 * @param sessions how many are open and wait for a command, 2 at least
 */
export async function startWide(start: Start, command: string, input: Buffer, sessions: number): Promise<RemoteCommand> {
  const folder = `/run/golden-input-${randomBytes(8).toString('hex')}`;
  const segments = Array.from({ length: Math.ceil(input.length / SEGMENT) }, (_, index) => input.subarray(index * SEGMENT, (index + 1) * SEGMENT));
  const others = Array.from({ length: Math.min(sessions, MAX_LANES) - 1 }, (_, index) => index + 1);
  const [own, ...lanes] = await Promise.all([
    start(joining(folder, others, segments.length, command)), ...others.map((lane) => start(laneTo(folder, lane))),
  ]);
  lanes.forEach(({ stdout, stderr }) => { stdout.resume(); stderr.resume(); });
  [own, ...lanes].forEach(({ stdin }, lane, { length }) => {
    for (let index = lane; index < segments.length; index += length) { stdin.write(segments[index]); }
    stdin.end();
  });
  void own.ended.catch(() => undefined).then(() => endAll(lanes, () => start(`rm -rf ${folder}`))).catch(() => undefined);
  return own;
}

/** Whoever comes first makes the pipe; each waits for the other in it. */
function laneTo(folder: string, lane: number): string {
  const pipe = `${folder}/${lane}`;
  return `umask 077; mkdir -p ${folder} && { mkfifo ${pipe} 2>/dev/null || [ -p ${pipe} ]; } && exec cat >${pipe}`;
}

/** The command, with the segments of all sessions in order as its input. */
function joining(folder: string, others: readonly number[], segments: number, command: string): string {
  // Below 3 are the usual ones.
  const descriptor = (lane: number) => lane + 2;
  return `{
umask 077
mkdir -p ${folder}
for pipe in ${others.map((lane) => `${folder}/${lane}`).join(' ')}; do mkfifo $pipe || [ -p $pipe ]; done
exec ${others.map((lane) => `${descriptor(lane)}<${folder}/${lane}`).join(' ')}
rm -rf ${folder}
segment=0
while [ $segment -lt ${segments} ]; do
  case $((segment % ${others.length + 1})) in
    ${[0, ...others].map((lane) => `${lane}) from=${lane === 0 ? 0 : descriptor(lane)} ;;`).join(' ')}
  esac
  dd bs=${SEGMENT} count=1 iflag=fullblock <&$from || exit
  segment=$((segment + 1))
done
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
