import { randomBytes } from 'crypto';
import { setTimeout as sleep } from 'timers/promises';
import { PACKET, WINDOW } from './ahead';
import type { RemoteCommand } from './remote-command';

/** By then a session whose input nobody took any more has ended, where it does so by itself. */
const LINGER_MS = 1000;

/** Of one session. */
const PACKETS_AT_ONCE = 4;

/** For sessions that were open already. */
const MEET_SECONDS = 60;

/** In memory. */
const KEPT = '/dev/shm';
const PIPED = '/tmp';

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

/*
 * A large input of a command comes over other sessions at the same time: as much as each has room for. What comes over them lies in
 * the machine's memory until it is its turn, as an SSH server is slow with what nobody takes from it: with each packet it copies
 * all that waits.
 */

/** An input that was cut into parts, and what it goes by on the machine. */
interface Cut {
  readonly name: string;
  /** What comes over the session of the command itself. */
  readonly head: Buffer;
  readonly parts: readonly Buffer[];
}

/** Input that is on its way to a command which is not started yet. */
export interface SentInput {
  readonly input: Buffer;
  /** Part of it will not arrive. */
  readonly isLost: boolean;
  /** Starts the command that gets it. */
  start(command: string): Promise<RemoteCommand>;
  /** Removes it from the machine, where no command was started. */
  discard(): Promise<void>;
}

/**
 * Starts a command with a large input.
 * @param sessions how many are open and wait for a command, 2 at least
 */
export async function startWide(starter: Starter, command: string, input: Buffer, sessions: number): Promise<RemoteCommand> {
  const used = Math.min(sessions, Math.ceil(input.length / WINDOW));
  const cut = cutInput(input, used - 1, Math.min(WINDOW, Math.ceil(input.length / used)));
  // The command comes last with its own part: it takes the longest to be there.
  const [own, lanes] = await Promise.all([starter.asRoot(joining(cut, command)), openLanes(starter, cut)]);
  void fillLanes(lanes, cut);
  giveHead(starter, own, lanes, cut);
  return own;
}

/**
 * Sends a large input ahead of its command.
 * @param sessions how many are open and wait for a command, 1 at least
 */
export async function sendAhead(starter: Starter, input: Buffer, sessions: number): Promise<SentInput> {
  const used = Math.min(sessions, Math.ceil(input.length / WINDOW));
  const cut = cutInput(input, used, Math.min(WINDOW, Math.ceil(input.length / used)));
  const lanes = await openLanes(starter, cut);
  void fillLanes(lanes, cut);
  let isLost = false;
  const lose = () => { isLost = true; };
  lanes.forEach(({ ended }) => { ended.then((exitCode) => { if (exitCode !== 0) { lose(); } }, lose); });
  return {
    input,
    get isLost() { return isLost; },
    start: async (command) => {
      const own = await starter.asRoot(joining(cut, command));
      giveHead(starter, own, lanes, cut);
      return own;
    },
    discard: () => endAll(starter, lanes, cut, KILLED),
  };
}

function cutInput(input: Buffer, lanes: number, share: number): Cut {
  const head = Math.max(0, input.length - lanes * share);
  return {
    name: `golden-input-${randomBytes(8).toString('hex')}`,
    head: input.subarray(0, head),
    parts: Array.from({ length: lanes }, (_, lane) => input.subarray(head + lane * share, head + (lane + 1) * share)),
  };
}

function openLanes(starter: Starter, { name, parts }: Cut): Promise<readonly RemoteCommand[]> {
  return Promise.all(parts.map(({ length }, lane) => starter.asIs(carrying(name, lane, length))));
}

/** All lanes at the same pace: whoever reads one of them on the machine is slower than an SSH server gets packets. */
async function fillLanes(lanes: readonly RemoteCommand[], { parts }: Cut): Promise<void> {
  // One that nobody reads does not say that it has ended.
  lanes.forEach(({ stdout, stderr }) => [stdout, stderr].forEach((stream) => stream.resume()));
  for (let begin = 0; begin < parts[0].length; begin += PACKET) {
    lanes.forEach(({ stdin }, lane) => { if (begin < parts[lane].length) { stdin.write(parts[lane].subarray(begin, begin + PACKET)); } });
    // What the machine answers meanwhile is read, and what follows from that is sent between them.
    if (begin % (PACKETS_AT_ONCE * PACKET) === 0) { await new Promise(setImmediate); }
  }
  lanes.forEach(({ stdin }) => { stdin.end(); });
}

function giveHead(starter: Starter, own: RemoteCommand, lanes: readonly RemoteCommand[], cut: Cut): void {
  own.leftByKill = removal(cut.name);
  own.stdin.end(cut.head);
  // Where the connection is lost, what is left of it over there ends and removes by itself.
  void own.ended.then((exitCode) => endAll(starter, lanes, cut, exitCode)).catch(() => undefined);
}

/** Takes what comes over one session, and says whether that was all. Without memory to keep it in, it waits in a pipe. */
function carrying(name: string, lane: number, size: number): string {
  const [kept, piped] = [`${KEPT}/${name}`, `${PIPED}/${name}`].map((path) => `${path}.${lane}`);
  return `umask 077
if [ -w ${KEPT} ]; then
  cat >${kept} && [ "$(wc -c <${kept})" -eq ${size} ] && : >${kept}.whole || { : >${kept}.lost; false; }
else
  mkfifo ${piped} && exec cat >${piped}
fi`;
}

/** The command, with what comes over all sessions as its input, in order. What was lost is left out: it is known by then over here. */
function joining({ name, parts }: Cut, command: string): string {
  const [kept, piped] = [`${KEPT}/${name}`, `${PIPED}/${name}`];
  return `{
cat
set --
turn=0
for lane in ${parts.map((_, lane) => lane).join(' ')}; do
  until [ -e ${kept}.$lane.whole ] || [ -e ${kept}.$lane.lost ] || [ -p ${piped}.$lane ] || [ $turn -ge ${MEET_SECONDS * 100} ]; do
    sleep 0.01 || sleep 1
    turn=$((turn + 1))
  done
  if [ -p ${piped}.$lane ]; then set -- "$@" ${piped}.$lane; elif [ -e ${kept}.$lane.whole ]; then set -- "$@" ${kept}.$lane; fi
done
cat "$@"
${removal(name)}
} 2>/dev/null | {
${command}
}`;
}

function removal(name: string): string {
  return `rm -f ${KEPT}/${name}.* ${PIPED}/${name}.*`;
}

/** A command that was killed removes nothing; where it ended before it took all, who waits for it in a pipe does so for ever. */
async function endAll(starter: Starter, lanes: readonly RemoteCommand[], { name }: Cut, exitCode: number): Promise<void> {
  const ends = Promise.all(lanes.map(({ ended }) => ended.catch(() => undefined))).then(() => true);
  const ended = await Promise.race([ends, sleep(LINGER_MS, false, { ref: false })]);
  if (ended && exitCode < KILLED) { return; }
  await Promise.all(lanes.map((lane) => lane.kill()));
  const removed = await starter.asRoot(removal(name));
  removed.stdin.end();
  [removed.stdout, removed.stderr].forEach((stream) => stream.resume());
}
