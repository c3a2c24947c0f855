import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import * as fc from 'fast-check';
import { BundleMachine, putOf, runOf } from '../support/bundle-machine';
import { canStartMachines, hasBusybox, type Userland } from '../support/chroot-machine';

const EACH = 2_500;

/** Texts that shells, printf and tar have been seen to break on, among others at random. */
const hostile = fc.oneof(
  fc.constantFrom('-', '--', '-n', '-e x', '$(touch /srv/pwned)', '`id`', '${HOME}', '\'', '"', '\\', '\\\'', '\'\'\'', '*', '~', '!', '#', ' ', '\n', '\n\n', '\t',
    'a\nb', 'a\n', '\r\n', '%s%n', ';', '&', '|', '>', '()', '[', '{a,b}', '=', 'A=1', 'ä', 'āĂ', '\u0081\u0088', '日本', '😀', '\u001b[31m', '\u007f'),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: fc.constantFrom('\'', '"', '\\', '$', '(', ')', '`', '\n', ' ', '-', 'a', '\u0088'), maxLength: 20 }),
).map((text) => text.replace(/\0/g, ''));

function sample<T>(arbitrary: fc.Arbitrary<T>, count = EACH): T[] {
  return fc.sample(arbitrary, { numRuns: count, seed: 42 });
}

const userlands: Userland[] = hasBusybox ? ['host', 'busybox'] : ['host'];

(canStartMachines ? describe : describe.skip).each(userlands)('random strings arrive byte for byte, with the programs of %s', (userland) => {
  let machine: BundleMachine;
  const assets = mkdtempSync(join(tmpdir(), 'golden-verbatim-'));
  beforeAll(async () => { machine = await BundleMachine.start(userland); });
  afterAll(async () => {
    await machine.destroy();
    rmSync(assets, { recursive: true });
  });
  const chunks = <T>(all: readonly T[], size: number) =>
    Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
  const bytes = (texts: readonly string[]) => texts.map((text) => `${Buffer.from(text).toString('hex')}\n`).join('');

  test('as arguments', async () => {
    const texts = sample(hostile);
    const script = 'for a; do printf "%s\\0" "$a"; done';
    const { end, stdout } = await machine.run(chunks(texts, 250).map((some) => runOf(script, { arguments: some })));
    expect(end).toEqual({ type: 'ok' });
    const arrived = Object.values(stdout).join('').split('\0').slice(0, -1).map((latin) => Buffer.from(latin, 'latin1').toString('hex'));
    expect(`${arrived.join('\n')}\n`).toBe(bytes(texts));
  });

  test('in the environment', async () => {
    const texts = sample(hostile);
    const { end, stdout } = await machine.run(chunks(texts, 250).map((some) => runOf(
      `i=0; while [ $i -lt ${some.length} ]; do eval "printf '%s\\\\0' \\"\\$V$i\\""; i=$((i + 1)); done`,
      { environment: Object.fromEntries(some.map((text, i) => [`V${i}`, text])) },
    )));
    expect(end).toEqual({ type: 'ok' });
    const arrived = Object.values(stdout).join('').split('\0').slice(0, -1).map((latin) => Buffer.from(latin, 'latin1').toString('hex'));
    expect(`${arrived.join('\n')}\n`).toBe(bytes(texts));
  });

  test('as secrets', async () => {
    const texts = sample(hostile, 250);
    const names = Object.fromEntries(texts.map((_, i) => [`V${i}`, `v${i}`]));
    const { end, stdout } = await machine.run([runOf(
      `i=0; while [ $i -lt ${texts.length} ]; do eval "printf '%s\\\\0' \\"\\$V$i\\""; i=$((i + 1)); done`, { secrets: names },
    )], { secrets: Object.fromEntries(texts.map((text, i) => [`v${i}`, text])) });
    expect(end).toEqual({ type: 'ok' });
    expect(stdout[0].split('\0').slice(0, -1).map((latin) => `${Buffer.from(latin, 'latin1').toString('hex')}\n`).join('')).toBe(bytes(texts));
  });

  test('as paths', async () => {
    const names = [...new Set(sample(hostile).map((text) => Buffer.from(text.replace(/\//g, '_')).toString()))]
      .filter((text) => !['', '.', '..'].includes(text) && Buffer.byteLength(text) < 250);
    const { end } = await machine.run(names.slice(0, 100).map((name, i) => putOf(String(i), `/srv/paths/${name}/${name}`)));
    expect(end).toEqual({ type: 'ok' });
    names.slice(0, 100).forEach((name, i) => expect(readFileSync(join(machine.root, 'srv/paths', name, name), 'utf8')).toBe(String(i)));

    // The rest in one folder, where names are bytes of any kind.
    const folder = join(assets, 'names');
    mkdirSync(folder);
    const raw = sample(fc.uint8Array({ minLength: 1, maxLength: 40 }))
      .map((array) => Buffer.from(array).filter((byte) => byte !== 0 && byte !== 47))
      .filter((name) => name.length > 0 && !['.', '..'].includes(Buffer.from(name).toString('latin1')));
    const at = (name: Uint8Array) => Buffer.concat([Buffer.from(`${folder}/`), name]);
    [...raw, ...names.map((name) => Buffer.from(name))].forEach((name) => writeFileSync(at(name), name));
    const put = await machine.run([putOf('', '/srv/names', { content: { asset: 'names', kind: 'directory' } })], { assetFolder: assets });
    expect(put.end).toEqual({ type: 'ok' });
    const list = (path: string) => readdirSync(path, { encoding: 'buffer' }).map((name) => name.toString('latin1')).sort();
    expect(list(join(machine.root, 'srv/names'))).toEqual(list(folder));
    expect(list(folder).length).toBeGreaterThan(EACH);
  });

  test('as content', async () => {
    const texts = sample(hostile, 500);
    const { end } = await machine.run(texts.map((text, i) => putOf(text, `/srv/content/${i}`)));
    expect(end).toEqual({ type: 'ok' });
    texts.forEach((text, i) => expect(readFileSync(join(machine.root, `srv/content/${i}`)).equals(Buffer.from(text))).toBe(true));

    const folder = join(assets, 'content');
    mkdirSync(folder);
    const raw = sample(fc.uint8Array({ maxLength: 1200 }));
    raw.forEach((content, i) => writeFileSync(join(folder, String(i)), content));
    await machine.run([putOf('', '/srv/raw', { content: { asset: 'content', kind: 'directory' } })], { assetFolder: assets });
    raw.forEach((content, i) => expect(readFileSync(join(machine.root, `srv/raw/${i}`)).equals(Buffer.from(content))).toBe(true));
  });

  test('and none of them was executed', async () => {
    expect(await machine.execute('ls /srv')).not.toContain('pwned');
  });
});
