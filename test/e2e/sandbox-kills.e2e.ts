import { mkdirSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { JournalRecord } from '../../lib/ports/journal';
import { KillCase, killableProgram, type CommandRun, type ShownEvent } from '../support/kill-case';
import { KillCount } from '../support/kill-count';
import { killAssembly, WORDS, wordsOf } from '../support/kill-plan';
import { inLanes } from '../support/lanes';
import type { Kill } from '../support/mortal-state';
import { slimRootTar } from '../support/slim-base';
import { Witness } from '../support/witness';

/** Builds at the same time: a machine that boots waits more than it works. */
const LANES = [1, 2, 3];

/** Between two records that are further apart, a build is killed in the middle, too. */
const LONG_MS = 400;

/** All of the matrix takes many minutes: what is run with everything else is the records of what is done, not of what is said. */
const whole = process.env.KILLS !== 'some';

/** Of what is done, every so manieth record is enough where not all is tried. */
const STRIDE = 2;

interface KillTry extends Kill {
  readonly then: 'resume' | 'gc';
  readonly bootTest?: boolean;
  /** It has to make the base first. */
  readonly withoutBase?: boolean;
}

const folder = mkdtempSync(join(tmpdir(), 'golden-kills-'));
const count = new KillCount();
let witness: Witness;
let program: string;
let assembly: string;
let bases: string;
beforeAll(async () => {
  witness = await Witness.start();
  program = killableProgram(folder);
  assembly = killAssembly(folder, await slimRootTar(folder));
}, 300_000);
afterAll(async () => {
  await witness.stop();
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(count.table());
});

let cases = 0;
function place({ bootTest, withoutBase }: Pick<KillTry, 'bootTest' | 'withoutBase'> = {}): KillCase {
  const here = join(folder, `case-${cases++}`);
  mkdirSync(here);
  return new KillCase({ folder: here, program, assembly, witness, bootTest, bases: withoutBase ? undefined : bases });
}

test('a build that is killed at any record of its journal leaves its image once or not at all, and nothing else', async () => {
  // GIVEN what builds write that nobody kills
  const first = place({ withoutBase: true });
  const withoutBase = await recordsOf(first);
  const plain = withoutBase.filter(({ act, detail }) => act !== 'build-base' && detail?.phase !== 'base').map((record, i) => ({ ...record, sequence: i + 1 }));
  expect([await first.faults(), await first.left()]).toEqual([[], []]);
  bases = join(first.home, 'sandbox', 'bases');
  const booted = whole ? await recordsOf(place({ bootTest: true })) : [];

  // WHEN
  const launched = withoutBase.findIndex(({ act }) => act === 'launch-machine');
  const begun = booted.findIndex(({ type, act }) => type === 'intent' && act === 'boot');
  const tries = [
    ...killsOf(withoutBase.slice(0, launched)).map((kill) => ({ ...kill, withoutBase: true })),
    ...killsOf(plain),
    // A boot takes minutes: both ends of each pause between two records, but not twice.
    ...killsOf(booted).filter((kill) => kill.record > begun && isTurn(kill)).map((kill) => ({ ...kill, bootTest: true })),
  ];
  const bad = await inLanes(LANES, tries, (_, kill) => killAndSettle(kill));

  // THEN
  expect(bad.flat()).toEqual([]);
}, 7_200_000);

describe('of two processes that build the same at once', () => {
  /** Starts a second build as soon as an instruction of the first one runs. */
  async function twoBuilds(here: KillCase, meanwhile: (kill: (signal: NodeJS.Signals) => void) => void) {
    let second: Promise<CommandRun> | undefined;
    let signal: ((name: NodeJS.Signals) => void) | undefined;
    const took = { over: 0 };
    const first = here.build({
      onEvent: (event, kill) => {
        signal = kill;
        if (event.type !== 'instruction.started' || second) { return; }
        second = here.build({
          onEvent: (seen) => {
            if (isWaiting(seen)) { meanwhile(signal!); }
            if (seen.type === 'phase.finished' && seen.phase === 'lock') { took.over = Date.now(); }
          },
        });
      },
    });
    return { first: await first, second: await second!, took };
  }
  const isWaiting = ({ type, message }: ShownEvent) => type === 'notice' && /^Waiting for the build [0-9a-f]{16} of Kill\/Image, process \d+ on /.test(String(message));
  const lastOf = ({ events }: CommandRun) => events[events.length - 1];
  const notices = ({ events }: CommandRun) => events.filter(({ type }) => type === 'notice').map(({ message }) => String(message));

  test('one builds; the other waits, says for whom, and adopts what it built', async () => {
    const here = place();
    const { first, second } = await twoBuilds(here, () => undefined);
    expect([lastOf(first).status, lastOf(second).status]).toEqual(['built', 'unchanged']);
    expect(second.events.filter(isWaiting)).toHaveLength(1);
    const [built] = (await here.journals()).keys();
    expect(notices(second)[0]).toContain(`Waiting for the build ${built} of Kill/Image`);
    expect(witness.heard(here.name)).toEqual([WORDS]);
    expect([await here.faults(), await here.left()]).toEqual([[], []]);
  });

  test('the other takes over at once where the first is killed', async () => {
    const here = place();
    let killed = 0;
    const { first, second, took } = await twoBuilds(here, (kill) => { killed = Date.now(); kill('SIGKILL'); });
    expect([first.exitCode, lastOf(second).status]).toEqual([undefined, 'built']);
    expect([await here.faults(), await here.left()]).toEqual([[], []]);
    expect(wrongOrder(witness.heard(here.name), 0)).toEqual([]);
    count.note(`a second builder took over ${((took.over - killed) / 1000).toFixed(1)} s after the first was killed`);
    expect(took.over - killed).toBeLessThan(10_000);
  });

  (whole ? test : test.skip)(`a first that stands still for longer than a lease goes on where it was, and the other adopts what it built${
    whole ? '' : ' (skipped with KILLS=some: a lease takes longer than all else)'}`, async () => {
    const here = place();
    const { first, second } = await twoBuilds(here, (kill) => {
      kill('SIGSTOP');
      setTimeout(() => kill('SIGCONT'), 75_000);
    });
    expect([lastOf(first).status, lastOf(second).status]).toEqual(['built', 'unchanged']);
    expect(notices(second)[1]).toMatch(/has shown no sign of life for a while.*kill -CONT/);
    expect([await here.faults(), await here.left()]).toEqual([[], []]);
    count.note('a builder that was stopped for 75 s kept its lock, and one image was published');
  });
});

async function recordsOf(here: KillCase): Promise<readonly JournalRecord[]> {
  const { exitCode, events, said } = await here.build();
  expect({ exitCode, status: events[events.length - 1]?.status, said }).toEqual({ exitCode: 0, status: 'built', said: '' });
  const [records] = (await here.journals()).values();
  return records;
}

/** Every record, and every long pause after one. Where not all is tried, every other of what is done, and what becomes of it takes turns. */
function killsOf(records: readonly JournalRecord[]): readonly KillTry[] {
  const all = records.flatMap(({ sequence: record, time, type }, i): Kill[] => {
    const pause = i + 1 < records.length ? Date.parse(records[i + 1].time) - Date.parse(time) : 0;
    const middle: Kill[] = pause > LONG_MS ? [{ record, when: 'later', milliseconds: Math.round(pause / 2) }] : [];
    if (!whole) { return type === 'event' ? [] : [...middle, { record, when: record % 2 === 0 ? 'before' : 'after' }]; }
    return [{ record, when: 'before' }, { record, when: 'after' }, ...middle];
  });
  const kills = all.filter((_, i) => whole || i % STRIDE === 0);
  return kills.flatMap((kill, i): KillTry[] => {
    const family = Math.floor(i / 2) % 2 === 0;
    const both: KillTry[] = [{ ...kill, then: 'resume', family }, { ...kill, then: 'gc', family: !family }];
    return whole ? both : [both[i % 2]];
  });
}

async function killAndSettle(kill: KillTry): Promise<readonly unknown[]> {
  const here = place(kill);
  const { exitCode: survived, said: before } = await here.build({ kill });
  const [dead] = (await here.journals()).values();
  const saved = savedIn(dead ?? []);
  const run = kill.then === 'gc' ? await here.gc() : await here.resume();
  // One that was killed before it recorded anything is nobody's to finish.
  const again = kill.then === 'resume' && here.artifacts().length === 0 ? await here.build() : undefined;
  const left = await here.left();
  const isThere = here.artifacts().length > 0;
  const faults = kill.then === 'resume' || isThere ? await here.faults() : [];
  const repeated = wrongOrder(witness.heard(here.name), saved);
  const wrong = [...faults, ...repeated, ...left, ...[run, ...again ? [again] : []].filter(({ exitCode }) => exitCode !== 0).map(({ said, events }) => `it failed: ${said || JSON.stringify(events[events.length - 1])}`)];
  count.add({ ...kill, killed: survived === undefined, artifact: isThere && faults.length === 0, left: left.length, wrong: wrong.length });
  here.remove();
  if (wrong.length === 0) { return []; }
  // At once: the others take minutes.
  process.stderr.write(`${JSON.stringify({ kill, wrong, survived, before })}\n`);
  return [{ kill, wrong }];
}

/** What was done and not recorded is the harder one to go on from; what was recorded and not done, to clear away. */
function isTurn({ when, then }: KillTry): boolean {
  return then === (when === 'after' ? 'gc' : 'resume');
}

/** How many instructions the layers have that a build saved. */
function savedIn(records: readonly JournalRecord[]): number {
  return Math.max(0, ...records.filter(({ act }) => act === 'layer.saved').map(({ detail }) => Number(detail!.after)));
}

/** Each machine goes through the instructions in their order, and none through one that a layer has or twice through any. */
function wrongOrder(heard: readonly (readonly string[])[], saved: number): readonly string[] {
  return heard.flatMap((words, machine) => {
    const from = WORDS.indexOf(words[0]);
    const inOrder = String(words) === String(WORDS.slice(from, from + words.length));
    const leastWords = machine === 0 ? 0 : wordsOf(assembly, saved);
    return [
      ...inOrder && from % 2 === 0 ? [] : [`machine ${machine} said ${words}`],
      ...from >= leastWords ? [] : [`machine ${machine} repeated ${words[0]}, which a layer has`],
    ];
  });
}
