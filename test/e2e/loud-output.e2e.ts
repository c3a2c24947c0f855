import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { run } from '../../lib/process';
import { writeAssembly } from '../cli/sample-assembly';
import { runOf } from '../support/bundle-machine';
import { GOLDEN, PROJECT, type JsonEvent } from '../support/golden';
import { leftovers } from '../support/leftovers';
import { machinePlan } from '../support/machine-plan';
import { sandboxHome } from '../support/sandbox-home';

const BYTES = 1_000_000_000;
const home = sandboxHome();
const work = mkdtempSync(join(tmpdir(), 'golden-loud-'));
afterAll(() => { rmSync(work, { recursive: true, force: true }); home.remove(); });

/** It watches what the machine keeps in memory of it, and fails in the end: nothing has to be captured. */
const SCRIPT = `
(while sleep 0.05; do df -k --output=used /run | tail -n 1; done >/var/tmp/used) &
head -c ${BYTES} /dev/zero | tr '\\0' x
kill $!
echo
echo "peak $(sort -n /var/tmp/used | tail -n 1) KiB"
exit 3
`;

test('1 GB of output fills neither the memory of the machine nor ours, and arrives whole', async () => {
  const app = writeAssembly(join(work, 'assembly'), { loud: { ...machinePlan([runOf(SCRIPT, { timeoutSeconds: 600 })]), image: 'Stack/Loud' } });
  let bytes = 0;
  const { exitCode, stdout, stderr } = await run([process.execPath, '--require', join(PROJECT, 'test', 'bench', 'peak-memory.cjs'), GOLDEN, 'build', '--app', app, '--json'], {
    cwd: work,
    env: { ...process.env, GOLDEN_HOME: home.folder },
    maxOutputBytes: 1 << 20,
    onStdout: (data) => {
      // A reader that is slow at first: what comes meanwhile would fill a gigabyte in a few seconds more.
      if (bytes === 0) { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4_000); }
      bytes += data.length;
    },
    timeoutMs: 280_000,
  });
  const text = stdout.toString();
  const end = JSON.parse(text.trim().split('\n').at(-1)!) as JsonEvent;
  expect([exitCode, end.error.code]).toEqual([5, 'instruction-failed']);
  // What is around it takes less than a hundredth.
  expect(bytes).toBeGreaterThan(BYTES);
  expect(bytes).toBeLessThan(BYTES * 1.01);
  const ours = Number(/peak memory (\d+) KiB/.exec(stderr.toString())![1]);
  const theirs = Number(/peak +(\d+) KiB/.exec(text)![1]);
  expect(ours).toBeLessThan(300_000);
  expect(theirs).toBeLessThan(400_000);
  // Neither is the journal, or anything else that is kept.
  const kept = await run(['du', '--summarize', '--bytes', join(home.folder, 'builds')]);
  expect(Number(kept.stdout.toString().split('\t')[0])).toBeLessThan(100_000);
  expect(leftovers(home.folder, join(work, 'golden.out'))).toEqual([]);
  process.stdout.write(`1 GB of output: at the most ${ours} KiB of ours and ${theirs} KiB of the machine's memory\n`);
}, 300_000);
