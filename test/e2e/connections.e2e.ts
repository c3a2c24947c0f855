import { createHash } from 'crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { localRunner, systemClock } from '../../lib/cli/wiring';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { sshCommunicators } from '../../lib/communicators/ssh/ssh-communicators';
import { build } from '../../lib/engine/build';
import { stateInFolder } from '../../lib/engine/state-folder';
import { allProcesses, argumentsOf } from '../../lib/hosts/sandbox/process-table';
import { SandboxHost } from '../../lib/hosts/sandbox/sandbox-host';
import type { CommunicatorFactory } from '../../lib/ports/communicator';
import type { BuildEvent } from '../../lib/ports/events';
import type { Host, Machine } from '../../lib/ports/host';
import { runOf } from '../support/bundle-machine';
import { Gate } from '../support/gate';
import { leftovers } from '../support/leftovers';
import { machinePlan } from '../support/machine-plan';
import { sandboxHome } from '../support/sandbox-home';

const CUTS = 10;
const BLOCKS = 100;
const LINES = 13_200;
/** What the script below writes, byte for byte: 10.56 MB. */
const SAID = Array.from({ length: BLOCKS }, (_, block) => Array.from({ length: LINES }, (__, line) => `${1_000_000 + block * 20_000 + line}\n`).join('')).join('');
const SCRIPT = `echo x >>/srv/runs
i=0
while [ $i -lt ${BLOCKS} ]; do
  seq $((1000000 + i * 20000)) $((1000000 + i * 20000 + ${LINES - 1}))
  i=$((i + 1))
  echo "block $i" >&2
  sleep 0.02
done
until [ -e /run/enough ]; do sleep 0.1; done`;

const seconds: Record<string, number> = {};
afterAll(() => {
  process.stdout.write(Object.entries(seconds).map(([kind, taken]) => `Over ${kind}: ${CUTS} cuts in ${(SAID.length / 1e6).toFixed(2)} MB of output, nothing lost; a dead peer was noticed after ${taken.toFixed(1)} s\n`).join(''));
});

interface Way {
  readonly kind: 'exec' | 'ssh';
  readonly factory: CommunicatorFactory;
  /** Leads the way to a machine through what can be broken. */
  readonly through: (machine: Machine) => Machine;
  /** Breaks the connection; the machine goes on. Returns how many streams those were. */
  readonly cut: () => number;
  /** Lets whoever answers fall silent, without an end of anything. */
  readonly freeze: () => void;
  readonly thaw: () => void;
}

function overSsh(): Way {
  const gate = new Gate();
  const through = (machine: Machine) => {
    const access = { ...machine.access, dial: gate.through(machine.access.dial!), enter: undefined };
    Object.defineProperty(machine, 'access', { value: access });
    return machine;
  };
  return { kind: 'ssh', factory: sshCommunicators(), through, cut: () => gate.cut(), freeze: () => gate.freeze(), thaw: () => gate.thaw() };
}

function overExec(): Way {
  let id = '';
  const followers = () => allProcesses().filter(({ pid, parent }) => parent === process.pid && argumentsOf(pid).some((word) => word.includes('follower.sh')));
  const setFrozen = (frozen: 0 | 1) => {
    const group = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].map((root) => join(root, `golden-${id}`, 'cgroup.freeze')).find((file) => existsSync(file));
    writeFileSync(group!, String(frozen));
  };
  return {
    kind: 'exec',
    factory: execCommunicators,
    through: (machine) => { id = machine.id; return machine; },
    cut: () => followers().map(({ pid }) => process.kill(-pid, 'SIGKILL')).length,
    freeze: () => setFrozen(1),
    thaw: () => setFrozen(0),
  };
}

test.concurrent.each([overExec(), overSsh()])('over $kind, a build whose connection is cut ten times and then falls silent loses no byte and runs nothing twice', async (way) => {
  const home = sandboxHome();
  const outputFolder = mkdtempSync(join(tmpdir(), 'golden-connections-'));
  const sandbox = new SandboxHost({ stateFolder: home.folder, outputFolder });
  let enough: () => Promise<unknown>;
  const host: Host = Object.assign(Object.create(sandbox) as Host, {
    launch: async (...args: Parameters<Host['launch']>) => {
      const machine = await sandbox.launch(...args);
      const { access } = machine;
      enough = () => execCommunicators.open({ ...machine, access }).execute('touch /run/enough');
      return way.through(machine);
    },
  });
  const said = { stdout: '', stderr: '' };
  let runs = '';
  const starts: number[] = [];
  let cuts = 0;
  let broken = 0;
  let frozenAt = 0;
  const report = (event: BuildEvent) => {
    if (event.type === 'instruction.started') { starts.push(event.index); }
    const isLoss = event.type === 'notice' && event.message.startsWith('The connection to the machine was lost');
    if (isLoss && frozenAt && !seconds[way.kind]) {
      seconds[way.kind] = (Date.now() - frozenAt) / 1000;
      way.thaw();
      void enough();
    }
    if (event.type !== 'instruction.output') { return; }
    if (event.index === 1) {
      runs += event.text;
      return;
    }
    said[event.stream] += event.text;
    if (cuts < CUTS && said.stdout.length > (cuts + 1) * SAID.length / (CUTS + 1)) {
      cuts++;
      broken += way.cut();
    } else if (said.stdout.length === SAID.length && !frozenAt) {
      frozenAt = Date.now();
      way.freeze();
    }
  };

  const outcome = await build({
    plan: machinePlan([runOf(SCRIPT), runOf('cat /srv/runs')]),
    planFile: join(outputFolder, 'x.golden-plan.json'),
    host,
    communicators: { provision: way.factory },
    values: { read: async () => 'nothing' },
    local: localRunner(process.env),
    state: stateInFolder(home.folder, systemClock),
    stateFolder: home.folder,
    outputFolder,
    clock: systemClock,
    report,
    signal: new AbortController().signal,
    useCache: false,
    bootTest: false,
    onError: 'cleanup',
    toolVersion: '0.0.0',
  });

  expect({ status: outcome.status, error: outcome.error, cuts }).toEqual({ status: 'built', error: undefined, cuts: CUTS });
  expect(sha256(said.stdout)).toBe(sha256(SAID));
  expect(said.stderr).toBe(Array.from({ length: BLOCKS }, (_, i) => `block ${i + 1}\n`).join(''));
  expect([starts, runs]).toEqual([[0, 1], 'x\n']);
  expect(broken).toBeGreaterThanOrEqual(CUTS);
  expect(seconds[way.kind]).toBeLessThan(20);
  expect(leftovers(home.folder, outputFolder)).toEqual([]);
  rmSync(outputFolder, { recursive: true });
  home.remove();
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
