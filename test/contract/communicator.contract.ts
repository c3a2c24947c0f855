import { createHash, randomBytes } from 'crypto';
import { Readable } from 'stream';
import { buffer } from 'stream/consumers';
import { setTimeout as sleep } from 'timers/promises';
import { describeAttachments } from './attachment.contract';
import { expectGone } from './process-end';
import { quote } from '../../lib/plan/shell';
import type { Communicator, CommunicatorFactory } from '../../lib/ports/communicator';
import type { Machine } from '../../lib/ports/host';

export interface CommunicatorFixture {
  readonly machine: Machine;
  readonly factory: CommunicatorFactory;
  /** Breaks whatever carries the bytes, as a failing network does; the machine goes on. */
  readonly cut?: () => void | Promise<void>;
  /** Removes all of it. */
  readonly destroy: () => Promise<void>;
}

const MB = 1_000_000;

/**
 * What every communicator promises, whatever carries its bytes. Runs against a real machine.
 * @param connected whether there is a connection that can be `cut`
 * @param options whether it has `terminals`
 */
export function describeCommunicator(
  name: string, connected: boolean, makeFixture: () => Promise<CommunicatorFixture>, { terminals = true } = {},
): void {
  describe(`the ${name} communicator`, () => {
    let fixture: CommunicatorFixture;
    let communicator: Communicator;
    let folder: string;
    const sh = async (command: string) => (await communicator.execute(command)).stdout.toString().trim();

    beforeAll(async () => {
      fixture = await makeFixture();
      communicator = fixture.factory.open(fixture.machine);
      await communicator.connect({ timeoutMs: 60_000 });
      folder = await sh('mktemp -d');
    }, 180_000);

    afterAll(async () => {
      await communicator?.execute(`rm -rf -- ${quote(folder)}`);
      await communicator?.close();
      await fixture?.destroy();
    }, 60_000);

    test('connecting returns what the first command wrote, and nothing where none was given', async () => {
      const other = fixture.factory.open(fixture.machine);
      const first = await other.connect({ timeoutMs: 60_000, first: 'id -u; echo "it\'s $((40 + 2))"' });
      const again = await other.connect({ timeoutMs: 60_000 });
      await other.close();
      expect([first.toString().trim(), again.toString()]).toEqual(['0\nit\'s 42', '']);
    });

    describe('executing a command', () => {
      test('runs it as root', async () => {
        expect(await sh('id -u')).toBe('0');
      });

      test.each([[0], [1], [127], [255]])('an exit code of %d is a result', async (code) => {
        expect(await communicator.execute(`exit ${code}`)).toEqual({ exitCode: code, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) });
      });

      test('death by a signal is 128 and its number', async () => {
        expect((await communicator.execute('kill -KILL $$')).exitCode).toBe(137);
      });

      test('what it writes to stdout and to stderr stays apart', async () => {
        const result = await communicator.execute('echo out; echo err >&2; echo out again');
        expect(result.stdout.toString()).toBe('out\nout again\n');
        expect(result.stderr.toString()).toBe('err\n');
      });

      test('quotes, dollars, newlines and back-ticks reach the shell as they are', async () => {
        const word = 'a\'b"c $HOME `id` \\ \n -x * é ☃';
        expect((await communicator.execute(`printf %s ${quote(word)}`)).stdout.toString()).toBe(word);
      });

      test('NULs and bytes that are no UTF-8 come back as they are', async () => {
        const result = await communicator.execute('printf \'\\000\\377\\200a\\000\'; printf \'\\376\\000\' >&2');
        expect([...result.stdout]).toEqual([0, 0xff, 0x80, 0x61, 0]);
        expect([...result.stderr]).toEqual([0xfe, 0]);
      });

      test('10 MB of input come back byte for byte', async () => {
        const sent = randomBytes(10 * MB);
        const { stdout } = await communicator.execute('cat', { stdin: sent });
        expect(stdout.equals(sent)).toBe(true);
      });

      test('without input its stdin is empty, not open', async () => {
        expect((await communicator.execute('cat; echo end')).stdout.toString()).toBe('end\n');
      });

      test('input that nobody reads does no harm', async () => {
        expect((await communicator.execute('exit 3', { stdin: randomBytes(MB) })).exitCode).toBe(3);
      });

      test('many short ones, one after the other, all end', async () => {
        for (let i = 0; i < 100; i++) { expect((await communicator.execute('exit 5')).exitCode).toBe(5); }
      });

      test('twenty at once are all answered', async () => {
        const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => communicator.execute(`sleep 0.1; echo ${i}`)));
        expect(answers.map(({ stdout }) => Number(stdout.toString()))).toEqual(Array.from({ length: 20 }, (_, i) => i));
      });

      test('one that takes too long is ended', async () => {
        const pidFile = `${folder}/slow`;
        await expect(communicator.execute(`echo $$ > ${quote(pidFile)}; sleep 1000`, { timeoutMs: 1000 })).rejects.toMatchObject({ code: 'timed-out' });
        await expectGone(communicator, await sh(`cat ${quote(pidFile)}`));
      });

      test('one that is called off is ended', async () => {
        const pidFile = `${folder}/off`;
        const controller = new AbortController();
        const ended = communicator.execute(`echo $$ > ${quote(pidFile)}; sleep 1000`, { signal: controller.signal });
        setTimeout(() => controller.abort(), 500);
        await expect(ended).rejects.toMatchObject({ code: 'interrupted' });
        await expectGone(communicator, await sh(`cat ${quote(pidFile)}`));
      });
    });

    describe('moving files', () => {
      test('50 MB go there and come back byte for byte', async () => {
        const sent = randomBytes(50 * MB);
        const path = `${folder}/large`;
        await communicator.upload(Readable.from(slices(sent)), path);
        expect(await sh(`sha256sum < ${quote(path)}`)).toBe(`${sha256(sent)}  -`);
        expect(sha256(await buffer(await communicator.download(path)))).toBe(sha256(sent));
      }, 60_000);

      test.each([
        ['it\'s "quoted"'], ['two  spaces '], ['new\nline'], ['-rf'], ['$(touch x)`y`'], ['*?[a]'], ['back\\slash'], ['ü☃'],
      ])('the path %j is taken as it is', async (leaf) => {
        await communicator.upload(Readable.from([Buffer.from(`I am ${leaf}`)]), `${folder}/${leaf}`);
        expect((await communicator.execute(`cat -- ${quote(`${folder}/${leaf}`)}`)).stdout.toString()).toBe(`I am ${leaf}`);
        expect((await buffer(await communicator.download(`${folder}/${leaf}`))).toString()).toBe(`I am ${leaf}`);
      });

      test('an empty file arrives', async () => {
        await communicator.upload(Readable.from([]), `${folder}/empty`);
        expect(await sh(`stat -c %s ${quote(`${folder}/empty`)}`)).toBe('0');
        expect(await buffer(await communicator.download(`${folder}/empty`))).toHaveLength(0);
      });

      test('what is uploaded belongs to root and nobody else can read it', async () => {
        await communicator.upload(Readable.from(['secret']), `${folder}/mine`);
        expect(await sh(`stat -c '%a %u %g' ${quote(`${folder}/mine`)}`)).toBe('600 0 0');
      });

      test('an upload that breaks off leaves the file as it was, and nothing beside it', async () => {
        const own = await sh(`mktemp -d -p ${quote(folder)}`);
        await communicator.upload(Readable.from(['whole']), `${own}/file`);
        await expect(communicator.upload(Readable.from(breakingOff()), `${own}/file`)).rejects.toThrow('the disk went away');
        expect(await sh(`ls -A ${quote(own)}; cat ${quote(`${own}/file`)}`)).toBe('file\nwhole');
      });

      test('an upload into a folder that is not there fails and says which', async () => {
        const upload = communicator.upload(Readable.from(slices(randomBytes(5 * MB))), `${folder}/no/where`);
        await expect(upload).rejects.toThrow(`${folder}/no/where`);
      });

      test('an upload does not put a file into a folder of that name', async () => {
        await communicator.execute(`mkdir ${quote(`${folder}/taken`)}`);
        await expect(communicator.upload(Readable.from(['x']), `${folder}/taken`)).rejects.toThrow(`${folder}/taken`);
      });

      test('a download of what is not there ends with an error that says which', async () => {
        const download = async () => buffer(await communicator.download(`${folder}/nothing`));
        await expect(download()).rejects.toThrow(`${folder}/nothing`);
      });

      test('a download that nobody reads to its end does not stand in the way', async () => {
        const content = await communicator.download('/dev/zero');
        for await (const _ of content) { break; }
        expect(await sh('echo still here')).toBe('still here');
      });
    });

    describe('streaming a command', () => {
      test('hands over what it writes while it still runs', async () => {
        const go = quote(`${folder}/go`);
        let text = '';
        const exitCode = await communicator.stream(`echo ready; while [ ! -e ${go} ]; do sleep 0.05; done; echo done; exit 7`, async (data) => {
          if (text === '') { await communicator.execute(`touch ${go}`); }
          text += data.toString();
        });
        expect(text).toBe('ready\ndone\n');
        expect(exitCode).toBe(7);
      });

      test('hands over 10 MB in order to a slow reader, and nothing of stderr', async () => {
        const sent = randomBytes(10 * MB);
        await communicator.upload(Readable.from(slices(sent)), `${folder}/long`);
        const hash = createHash('sha256');
        await communicator.stream(`cat ${quote(`${folder}/long`)}; seq 1000000 >&2`, async (data) => {
          hash.update(data);
          await sleep(1);
        });
        expect(hash.digest('hex')).toBe(sha256(sent));
      });

      test('gives it what goes to its stdin, byte for byte', async () => {
        const stdin = randomBytes(3 * MB);
        const pieces: Buffer[] = [];
        const exitCode = await communicator.stream('wc -c; echo read; exit 5', (data) => { pieces.push(data); }, { stdin });
        expect(Buffer.concat(pieces).toString()).toBe(`${3 * MB}\nread\n`);
        expect(exitCode).toBe(5);
        const echoed: Buffer[] = [];
        await communicator.stream('cat', (data) => { echoed.push(data); }, { stdin: stdin.subarray(0, 70_000) });
        expect(Buffer.concat(echoed).equals(stdin.subarray(0, 70_000))).toBe(true);
      });

      test('ends the command and its children when it is called off', async () => {
        const controller = new AbortController();
        let pids = '';
        const ended = communicator.stream('sleep 1000 & echo $! $$; wait', (data) => {
          pids += data.toString();
          if (pids.endsWith('\n')) { controller.abort(); }
        }, { signal: controller.signal });
        await expect(ended).rejects.toMatchObject({ code: 'interrupted' });
        for (const pid of pids.trim().split(' ')) { await expectGone(communicator, pid); }
      });

      test('ends the command where its reader fails', async () => {
        let pid = '';
        const ended = communicator.stream('echo $$; sleep 1000', (data) => {
          pid = data.toString().trim();
          throw new Error('the reader is full');
        });
        await expect(ended).rejects.toThrow('the reader is full');
        await expectGone(communicator, pid);
      });
    });

    describeAttachments(() => ({ communicator, folder }), terminals);

    if (connected) {
      test('a lost connection is told apart from a command that fails, and the next call connects anew', async () => {
        const lost = communicator.stream('echo on; sleep 1000', () => fixture.cut!());
        await expect(lost).rejects.toMatchObject({ code: 'connection-lost' });
        expect(await sh('echo back')).toBe('back');
      });

      test('an upload whose connection is lost leaves the file as it was, and the next try succeeds', async () => {
        await communicator.upload(Readable.from(['whole']), `${folder}/kept`);
        const lost = communicator.upload(Readable.from(cutting(fixture.cut!)), `${folder}/kept`);
        await expect(lost).rejects.toMatchObject({ code: 'connection-lost' });
        expect(await sh(`cat ${quote(`${folder}/kept`)}`)).toBe('whole');
        await communicator.upload(Readable.from(['again']), `${folder}/kept`);
        expect(await sh(`cat ${quote(`${folder}/kept`)}`)).toBe('again');
      });
    }

    test('closing twice does no harm', async () => {
      const other = fixture.factory.open(fixture.machine);
      await other.connect({ timeoutMs: 60_000 });
      await other.close();
      await other.close();
    });
  });
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function* slices(data: Buffer): Generator<Buffer> {
  for (let i = 0; i < data.length; i += 65_536) { yield data.subarray(i, i + 65_536); }
}

/** Content in whose midst the connection breaks. */
async function* cutting(cut: () => void | Promise<void>): AsyncGenerator<Buffer> {
  // More than a communicator keeps before it sends.
  yield Buffer.alloc(4 << 20, 'half');
  await cut();
  yield Buffer.from('the rest');
}

async function* breakingOff(): AsyncGenerator<Buffer> {
  yield Buffer.from('half');
  throw new Error('the disk went away');
}
