import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { basename, join } from 'path';
import { crc32 } from 'zlib';
import { requireCompiled } from '../../lib/cli/code-cache';
import { run } from '../../lib/process';
import { bundleProgram } from '../support/bundled-program';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'golden-code-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tools = mkdtempSync(join(tmpdir(), 'golden-code-tools-'));
const PROGRAM = join(tools, 'code-cache.js');
beforeAll(() => bundleProgram(join(__dirname, '..', '..', 'lib', 'cli', 'code-cache.ts'), PROGRAM));
afterAll(() => rmSync(tools, { recursive: true }));

/** What a process prints that loads the file. */
async function load(file: string): Promise<string> {
  let output = '';
  const script = `console.log(require(${JSON.stringify(PROGRAM)}).requireCompiled(${JSON.stringify(file)}, ${JSON.stringify(join(folder, 'code'))}).say())`;
  const result = await run([process.execPath, '-e', script], { onStdout: (data) => { output += data; } });
  expect(result.exitCode).toBe(0);
  return output.trim();
}

test('a file is what require would have made of it', () => {
  const file = join(folder, 'a.js');
  writeFileSync(file, "const path = require('path');\nexports.name = path.basename(__filename);\nmodule.exports.here = __dirname;");
  expect(requireCompiled(file, join(folder, 'code'))).toEqual({ name: 'a.js', here: folder });
});

test('what was compiled is kept for this user alone, and goes when the file is another', async () => {
  const file = join(folder, 'a.js');
  writeFileSync(file, "exports.say = () => 'one';");
  expect(await load(file)).toBe('one');
  const [first] = readdirSync(join(folder, 'code'));
  expect(statSync(join(folder, 'code')).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'code', first)).mode & 0o777).toBe(0o600);
  expect(await load(file)).toBe('one');
  expect(readdirSync(join(folder, 'code'))).toEqual([first]);

  // Of the same length.
  writeFileSync(file, "exports.say = () => 'two';");
  expect(await load(file)).toBe('two');
  const second = readdirSync(join(folder, 'code'));
  expect(second).toHaveLength(1);
  expect(second).not.toContain(first);
});

test('a copy elsewhere is not compiled again, and another file keeps its own', async () => {
  const files = ['a.js', 'b.js', 'copy/a.js'].map((name) => join(folder, name));
  mkdirSync(join(folder, 'copy'));
  for (const file of files) { writeFileSync(file, `exports.say = () => '${basename(file)}';`); }
  expect(await load(files[0])).toBe('a.js');
  expect(await load(files[1])).toBe('b.js');
  const kept = readdirSync(join(folder, 'code')).sort();
  expect(kept.map((name) => name.slice(0, 5))).toEqual(['a.js-', 'b.js-']);
  const { mtimeMs } = statSync(join(folder, 'code', kept[0]));
  expect(await load(files[2])).toBe('a.js');
  expect(readdirSync(join(folder, 'code')).sort()).toEqual(kept);
  expect(statSync(join(folder, 'code', kept[0])).mtimeMs).toBe(mtimeMs);
});

test.each([
  ['was cut off', (kept: Buffer) => kept.subarray(0, 100)],
  ['is empty', () => Buffer.alloc(0)],
  ['has a bit that fell over', (kept: Buffer) => Buffer.from(kept.map((byte, i) => (i === kept.length - 9 ? byte ^ 1 : byte)))],
  // Its checksum is right: V8 itself has to see it.
  ['is of another V8', (kept: Buffer) => {
    const data = Buffer.from(kept.subarray(8).map((byte, i) => (i === 4 ? byte ^ 1 : byte)));
    const checksum = Buffer.alloc(8);
    checksum.writeUInt32LE(crc32(data));
    return Buffer.concat([checksum, data]);
  }],
])('what was kept and %s is compiled again, and kept', async (_, damage) => {
  const file = join(folder, 'a.js');
  writeFileSync(file, "exports.say = () => 'one';");
  await load(file);
  const kept = join(folder, 'code', readdirSync(join(folder, 'code'))[0]);
  const damaged = damage(readFileSync(kept));
  writeFileSync(kept, damaged);
  expect(await load(file)).toBe('one');
  expect(readFileSync(kept).equals(damaged)).toBe(false);
});
