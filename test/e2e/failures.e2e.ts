import { createHash } from 'crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { run } from '../../lib/process';
import { golden, PROJECT, type GoldenOptions, type GoldenRun } from '../support/golden';
import { leftovers } from '../support/leftovers';
import { sandboxHome } from '../support/sandbox-home';

const home = sandboxHome();
const HOME = home.folder;
const work = mkdtempSync(join(tmpdir(), 'golden-failures-'));
const output = join(work, 'golden.out');
const app = `tsx ${join(PROJECT, 'test', 'e2e', 'apps', 'small.ts')}`;
afterAll(() => { rmSync(work, { recursive: true, force: true }); home.remove(); });

function build(IMAGE: string, args: readonly string[] = [], options: Partial<GoldenOptions> = {}): Promise<GoldenRun> {
  return golden(['build', '--app', app, '--json', '--no-cache', ...args], {
    cwd: work, ...options, env: { GOLDEN_HOME: HOME, IMAGE, ...options.env },
  });
}

function last(r: GoldenRun) {
  return r.events[r.events.length - 1];
}

function published(): string[] {
  if (!existsSync(output)) { return []; }
  return readdirSync(output).flatMap((image) => readdirSync(join(output, image)).map((name) => `${image}/${name}`));
}

/** Whatever went wrong: a clear end, no stack trace, nothing left, and no artifact. */
function expectCleanEnd(r: GoldenRun, folder = output): void {
  expect(last(r)?.type).toBe('build.finished');
  expect(r.exitCode).not.toBe(0);
  expect(r.stdout + r.stderr).not.toMatch(/\n\s+at .*\.(ts|js):\d+/);
  expect(leftovers(HOME, folder)).toEqual([]);
  expect(published()).toEqual([]);
}

/** Stops the build when this text comes out of the machine. */
const onOutput = (text: string, act: (kill: (signal: NodeJS.Signals) => void) => void): Partial<GoldenOptions> => ({
  onEvent: (event, kill) => { if (event.type === 'instruction.output' && event.text.includes(text)) { act(kill); } },
});

beforeAll(() => mkdirSync(output, { recursive: true }));

test('a failing instruction ends the build with its construct, its exit code and its last words', async () => {
  const r = await build('failing-instruction');

  expectCleanEnd(r);
  expect(last(r)).toMatchObject({ status: 'failed', error: { code: 'instruction-failed', kind: 'instruction' } });
  expect(last(r).error.path).toContain('Small/Image');
  expect(last(r).error.message).toContain('exit code 7');
  expect(last(r).error.message).toContain('the reason');
});

test('a failing check means no image', async () => {
  const r = await build('failing-check');

  expectCleanEnd(r);
  expect(last(r)).toMatchObject({ status: 'failed', error: { code: 'check-failed', kind: 'check' } });
  expect(last(r).error.message).toContain('file /etc/absent');
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s in the middle of an instruction leaves nothing behind', async (signal) => {
  const r = await build('slow', [], onOutput('ready', (kill) => kill(signal)));

  expectCleanEnd(r);
  expect(last(r)).toMatchObject({ status: 'interrupted' });
  expect(r.seconds).toBeLessThan(60);
});

test('a machine that vanishes is noticed within seconds, and said', async () => {
  let killed = 0;
  const r = await build('slow', [], onOutput('ready', () => {
    killed = Date.now();
    void run(['pkill', '-KILL', '-f', `systemd-nspawn.*${HOME}`]);
  }));

  expect((Date.now() - killed) / 1000).toBeLessThan(20);
  expectCleanEnd(r);
  expect(last(r)).toMatchObject({ status: 'failed', error: { code: 'machine-lost' } });
});

test('a full disk while the image is written is said, and no half of an image stays', async () => {
  const small = join(work, 'small');
  mkdirSync(small);
  expect((await run(['mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', small])).exitCode).toBe(0);
  const folder = join(small, 'out');
  try {
    const r = await build('good', ['--output', folder]);

    expect(leftovers(HOME, folder).filter((line) => !line.startsWith('mounted: tmpfs'))).toEqual([]);
    expect(r.exitCode).not.toBe(0);
    expect(last(r)).toMatchObject({ status: 'failed', error: { code: 'disk-full', kind: 'environment' } });
    expect(existsSync(folder) ? readdirSync(folder).flatMap((image) => readdirSync(join(folder, image))) : []).toEqual([]);
  } finally {
    await run(['umount', small]);
  }
});

test('a secret reaches its instruction, and nothing else', async () => {
  const token = 's3cr3t+"%Token\'/with$all&kinds';
  const folder = join(work, 'with-secret');
  const r = await build('secret', ['--output', folder], { env: { GOLDEN_TEST_TOKEN: token } });

  // THEN the instruction had it
  expect(last(r)).toMatchObject({ status: 'built' });
  expect(r.stdout).toContain(createHash('sha256').update(token).digest('hex'));
  // AND neither what was said nor what was kept has it, in no form
  const forms = [token, JSON.stringify(token).slice(1, -1), Buffer.from(token).toString('base64'), encodeURIComponent(token)];
  for (const form of forms) {
    expect(r.stdout + r.stderr).not.toContain(form);
    for (const place of [join(HOME, 'builds'), join(work, 'cdk.out'), folder]) {
      const found = await run(['grep', '--recursive', '--binary-files=text', '--fixed-strings', '--files-with-matches', '-e', form, place]);
      expect(found.stdout.toString()).toBe('');
    }
  }
  expect(readFileSync(join(work, 'cdk.out', readdirSync(join(work, 'cdk.out')).find((f) => f.endsWith('.golden-plan.json'))!), 'utf8')).toContain('GOLDEN_TEST_TOKEN');
});
