import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { acceleration, chooseAcceleration, probeFault } from '../../../lib/hosts/sandbox/acceleration';
import { probeSector } from '../../../lib/hosts/sandbox/probe-sector';
import { output, run } from '../../../lib/process';

const SOURCE = join(__dirname, '..', '..', '..', 'lib', 'hosts', 'sandbox', 'probe-sector.ts');

test('a program runs on an emulated processor', async () => {
  expect(await probeFault(['-accel', 'tcg', '-cpu', 'max'])).toBeUndefined();
});

test('a processor that stands still is given up after three seconds', async () => {
  const begin = Date.now();
  expect(await probeFault(['-accel', 'tcg', '-S'])).toBe('it hangs: no answer within 3 s');
  expect(Date.now() - begin).toBeLessThan(10_000);
});

test('what QEMU refuses is told in its words', async () => {
  expect(await probeFault(['-accel', 'tcg', '-cpu', 'nosuch'])).toBe('unable to find CPU model \'nosuch\'');
  // A processor without 64 bits resets itself.
  expect(await probeFault(['-accel', 'tcg', '-cpu', 'qemu32'])).toBe('exit code 0');
});

test('hardware is used where a program runs in it, or who knows says so, and nowhere else', async () => {
  const [tried, wanted, unwanted] = await Promise.all([acceleration(), chooseAcceleration('1'), chooseAcceleration('0')]);
  expect([wanted.options[1], unwanted.options[1]]).toEqual(['kvm', 'tcg,thread=multi']);
  expect(unwanted.reason).toBe('GOLDEN_KVM=0 is set: QEMU emulates the processor');
  const works = tried.isHardware;
  expect(tried.options).toEqual(works ? wanted.options : unwanted.options);
  expect(tried.reason).toMatch(works ? /^used by QEMU, which a program was seen to run in$/ : /: QEMU emulates the processor$/);
  // What is said of the hardware is so, as far as a program can tell.
  if (works) { expect(await probeFault(wanted.options)).toBeUndefined(); }
});

test('the bytes of the program are those of its source', async () => {
  if (await run(['as', '--version']).then(() => false, () => true)) { return; }
  const folder = mkdtempSync(join(tmpdir(), 'golden-probe-'));
  const source = /^ \* \.intel_syntax[^]*?(?=^ \*\/)/m.exec(readFileSync(SOURCE, 'utf8'))![0].replace(/^ \* ?/gm, '');
  writeFileSync(join(folder, 'probe.S'), source);
  await output(['as', '--64', '-o', 'probe.o', 'probe.S'], { cwd: folder });
  await output(['ld', '-m', 'elf_x86_64', '--oformat', 'binary', '-Ttext', '0x7c00', '-o', 'probe', 'probe.o'], { cwd: folder });
  expect(readFileSync(join(folder, 'probe')).equals(probeSector())).toBe(true);
  rmSync(folder, { recursive: true });
});
