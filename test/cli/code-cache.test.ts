import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { basename, join } from 'path';
import { requireCompiled } from '../../lib/cli/code-cache';
import { run } from '../../lib/process';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'golden-code-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const PROGRAM = join(__dirname, '..', '..', 'lib', 'cli', 'code-cache.ts');

/** What a process prints that loads the file. */
async function load(file: string): Promise<string> {
  let output = '';
  const script = `console.log(require(${JSON.stringify(PROGRAM)}).requireCompiled(${JSON.stringify(file)}, ${JSON.stringify(join(folder, 'code'))}).say())`;
  const result = await run([process.execPath, '--import', 'tsx', '-e', script], { onStdout: (data) => { output += data; } });
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

test('what V8 does not take is compiled again', async () => {
  const file = join(folder, 'a.js');
  writeFileSync(file, "exports.say = () => 'one';");
  await load(file);
  const [name] = readdirSync(join(folder, 'code'));
  writeFileSync(join(folder, 'code', name), 'of another version');
  expect(await load(file)).toBe('one');
  expect(readFileSync(join(folder, 'code', name)).toString('latin1')).not.toBe('of another version');
});
