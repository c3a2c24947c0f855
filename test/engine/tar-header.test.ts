import { extract, type Header } from 'tar-stream';
import { TAR_END, tarHeader, tarPadding, tarSize, type TarMember } from '../../lib/engine/bundle/tar-header';

async function headersOf(...members: TarMember[]): Promise<Header[]> {
  const tar = extract({ filenameEncoding: 'latin1' } as Parameters<typeof extract>[0]);
  tar.end(Buffer.concat([
    ...members.flatMap((member) => [tarHeader(member), Buffer.alloc(member.size ?? 0, 'x'), tarPadding(member.size ?? 0)]), TAR_END,
  ]));
  const headers: Header[] = [];
  for await (const entry of tar) {
    headers.push(entry.header);
    entry.resume();
  }
  return headers;
}

const name = (bytes: string) => Buffer.from(bytes, 'latin1');

test('another implementation reads what was written', async () => {
  const [header] = await headersOf({ name: name('etc/motd'), type: 'file', mode: 0o4751, size: 700, owner: 'app', group: 'adm' });
  expect(header).toMatchObject({ name: 'etc/motd', type: 'file', mode: 0o4751, size: 700, uname: 'app', gname: 'adm' });
});

test.each([99, 100, 101, 155, 300, 4096])('a name of %i bytes arrives whole', async (length) => {
  const long = `\xe9${'n'.repeat(length - 1)}`;
  const [header, next] = await headersOf({ name: name(long), type: 'file', mode: 0o644, size: 1 }, { name: name('next'), type: 'directory', mode: 0o755 });
  expect(header.name).toBe(long);
  expect(next).toMatchObject({ name: 'next/', type: 'directory' });
});

test('names and targets are bytes, whatever they mean in UTF-8', async () => {
  const all = String.fromCharCode(...Array.from({ length: 254 }, (_, i) => i + 1)).replace('/', '');
  const [header] = await headersOf({ name: name(all), type: 'symlink', mode: 0o777, target: name(`../${all}`) });
  expect(header).toMatchObject({ name: all, linkname: `../${all}`, type: 'symlink' });
});

test('a file of more than 8 GiB has its size', async () => {
  const size = 9 * 2 ** 30;
  const header = tarHeader({ name: name('big'), type: 'file', mode: 0o644, size });
  expect(header[124]).toBe(0x80);
  expect(header.readBigUInt64BE(128)).toBe(BigInt(size));
});

test('the size of a member is told before it is written', () => {
  const member: TarMember = { name: name('x'.repeat(200)), type: 'file', mode: 0o644, size: 513 };
  expect(tarSize(member)).toBe(tarHeader(member).length + 513 + tarPadding(513).length);
  expect(tarSize(member) % 512).toBe(0);
});
