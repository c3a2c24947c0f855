import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { localRunner, systemClock } from '../../lib/cli/wiring';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { build } from '../../lib/engine/build';
import type { BuildRequest } from '../../lib/engine/build-request';
import { stateInFolder } from '../../lib/engine/state-folder';
import { SandboxHost } from '../../lib/hosts/sandbox/sandbox-host';
import type { Instruction } from '../../lib/plan/instructions';
import type { BuildEvent } from '../../lib/ports/events';
import { output } from '../../lib/process';
import { putOf, runOf } from '../support/bundle-machine';
import { leftovers } from '../support/leftovers';
import { machinePlan } from '../support/machine-plan';
import { sandboxHome } from '../support/sandbox-home';

const home = sandboxHome();
const work = mkdtempSync(join(tmpdir(), 'golden-engine-'));
const outputFolder = join(work, 'out');
afterAll(() => {
  rmSync(work, { recursive: true });
  home.remove();
});

/** Builds on the sandbox host, and collects what the instructions write. */
async function buildOf(instructions: readonly Instruction[], changes: Partial<BuildRequest> = {}) {
  const events: BuildEvent[] = [];
  const outcome = await build({
    plan: machinePlan(instructions),
    planFile: join(work, 'x.golden-plan.json'),
    host: new SandboxHost({ stateFolder: home.folder, outputFolder }),
    communicators: { provision: execCommunicators },
    values: { read: async () => 'a secret' },
    local: localRunner(process.env),
    state: stateInFolder(home.folder, systemClock),
    stateFolder: home.folder,
    outputFolder,
    clock: systemClock,
    report: (event) => { events.push(event); },
    signal: new AbortController().signal,
    useCache: true,
    bootTest: false,
    onError: 'cleanup',
    toolVersion: '0.0.0',
    ...changes,
  });
  const said = (index: number) => events.map((e) => (e.type === 'instruction.output' && e.index === index ? e.text : '')).join('');
  return { outcome, events, said };
}

const cached = (events: readonly BuildEvent[]) => events.filter((e) => e.type === 'instruction.cached').length;

test('a machine restarts as the plan says and by itself, services start for real, and what runs in the background goes on', async () => {
  const { outcome, said } = await buildOf([
    runOf('systemctl is-system-running; sleep 987 >/dev/null 2>&1 & cat /proc/self/cgroup | head -1'),
    { type: 'check', checks: [{ type: 'process', resource: 'sleep', attributes: { running: true }, origin: 'Sleep' }], origin: 'Background' },
    runOf('pgrep -f "sleep 987" >/dev/null && echo still there; stat -f -c %T /run'),
    putOf('kept', '/etc/kept'),
    { type: 'reboot', timeoutSeconds: 60, origin: 'Reboot' },
    runOf('cat /etc/kept; pgrep -f "sleep 987" || echo gone'),
    // What is written in the last moment before may go down with the machine.
    runOf('echo going; sleep 1; systemctl reboot; sleep 30', { expectDisconnect: true }),
    runOf('echo returned; systemctl is-system-running'),
  ]);

  expect(outcome).toMatchObject({ status: 'built' });
  expect(said(0)).toMatch(/^running\n.*golden-[0-9a-f]+\.service\n$/);
  expect(said(2)).toBe('still there\ntmpfs\n');
  expect(said(5)).toBe('keptgone\n');
  expect(said(6)).toBe('going\n');
  expect(said(7)).toBe('returned\nrunning\n');
  expect(leftovers(home.folder, outputFolder)).toEqual([]);

  // AND what was captured is clean
  const tar = join(outcome.artifact!.id, 'root.tar');
  const names = (await output(['tar', '-tf', tar])).split('\n');
  expect(names.filter((name) => /golden-|ssh_host_.*_key|var\/lib\/systemd\/random-seed|var\/lib\/apt\/lists\/./.test(name))).toEqual([]);
  const manifest = JSON.parse(readFileSync(join(outcome.artifact!.id, 'manifest.json'), 'utf8')) as { cleaned: string[]; host: object };
  expect(manifest.cleaned).toContain('machine-id');
  expect(manifest.host).toMatchObject({ kind: 'sandbox', communicator: 'exec', machine: expect.stringContaining('systemd-nspawn') });
});

test('after a change in the last instruction the build starts from the layer before it, with its disk as it was then', async () => {
  const shared = [runOf('echo $RANDOM$(date +%s%N) >/srv/stamp; cat /srv/stamp'), runOf('(echo two; cat /srv/stamp) >/srv/two')];
  const first = await buildOf([...shared, runOf('echo a')]);
  await buildOf([...shared, runOf('echo b')]);
  const third = await buildOf([...shared, runOf('cat /srv/two; ls -a /var/tmp')]);

  expect(third.outcome).toMatchObject({ status: 'built' });
  expect(cached(third.events)).toBe(2);
  expect(third.said(2)).toMatch(/^two\n\d+\n/);
  expect(first.said(0)).not.toBe('');
  // AND nothing of the build that saved the layer is in it
  expect(third.said(2).match(/golden-/g)).toHaveLength(1);
  // AND an unchanged image is recognised at once
  const again = await buildOf([...shared, runOf('cat /srv/two; ls -a /var/tmp')]);
  expect(again.outcome).toMatchObject({ status: 'unchanged', artifact: third.outcome.artifact });
  expect(again.outcome.seconds).toBeLessThan(0.3);
});

test('a full disk of the machine is said, with what to do', async () => {
  const { outcome } = await buildOf([runOf('mount -t tmpfs -o size=1m tmpfs /mnt; head -c 2000000 /dev/zero >/mnt/x')]);
  expect(outcome.error).toMatchObject({ code: 'instruction-failed', hint: expect.stringContaining('free some space there') });
  expect(leftovers(home.folder, outputFolder)).toEqual([]);
});
