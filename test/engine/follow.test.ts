import { randomBytes } from 'crypto';
import { setTimeout as sleep } from 'timers/promises';
import { Cursor, FrameReader, type Frame } from '../../lib/engine/bundle/frames';
import { BreakingCommunicator, type Breaks } from '../support/breaking-communicator';
import { BundleMachine, runOf } from '../support/bundle-machine';
import { canStartMachines } from '../support/chroot-machine';

describe('frames', () => {
  const stream = Buffer.from('r begin 100\nr start 4 1 101\no 4 0 5\nab\ncde 4 0 2\n!\nh\nr end 4 1 150 0 ok\n');

  test('are read the same wherever the stream is cut', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const reader = new FrameReader(new Cursor());
      const frames: Frame[] = [...reader.read(stream.subarray(0, cut)), ...reader.read(stream.subarray(cut))];
      const output = (name: string) => frames.map((f) => (f.type === 'output' && f.stream === name ? f.data.toString() : '')).join('');
      expect(output('stdout')).toBe('ab\ncd');
      expect(output('stderr')).toBe('!\n');
      expect(frames.flatMap((f) => (f.type === 'record' ? [f.record.type] : []))).toEqual(['begin', 'start', 'end']);
    }
  });

  test('move the cursor to the byte that comes next', () => {
    const cursor = new Cursor();
    const reader = new FrameReader(cursor);
    [...reader.read(stream.subarray(0, stream.indexOf('cde')))].forEach(() => undefined);
    expect(cursor.words()).toEqual(['2', '4', '3', '0']);
  });

  test('that do not follow on what is known are taken for a broken connection', () => {
    const reader = new FrameReader(new Cursor());
    expect(() => [...reader.read(Buffer.from('o 4 100 5\n'))]).toThrow(expect.objectContaining({ code: 'connection-lost' }));
    expect(() => [...new FrameReader(new Cursor()).read(Buffer.from('bash: sh: command not found\n'))])
      .toThrow(expect.objectContaining({ code: 'connection-lost' }));
  });
});

(canStartMachines ? describe : describe.skip)('following a bundle', () => {
  let machine: BundleMachine;
  let communicator: BreakingCommunicator;
  const breaks: Breaks = { streams: [] };
  beforeAll(async () => {
    machine = await BundleMachine.start('host', (inner) => communicator = new BreakingCommunicator(inner, breaks));
  });
  afterAll(async () => { await machine.destroy(); });

  test('a connection that breaks again and again loses no byte and repeats none, and nothing runs twice', async () => {
    // GIVEN connections that break after some bytes, in headers, records and output
    breaks.streams!.push(3, 20, 40, 61, 1000, 5000, 100_000);
    const seed = randomBytes(3000).toString('base64');
    const script = `echo x >>/srv/runs; for i in $(seq 100); do echo "$i ${seed}"; echo "e$i" >&2; done`;
    // WHEN
    const { end, stdout, stderr } = await machine.run([runOf(script), runOf('echo done')]);
    // THEN
    expect(end).toEqual({ type: 'ok' });
    expect(stdout[0]).toBe(Array.from({ length: 100 }, (_, i) => `${i + 1} ${seed}\n`).join(''));
    expect(stderr[0]).toBe(Array.from({ length: 100 }, (_, i) => `e${i + 1}\n`).join(''));
    expect(stdout[1]).toBe('done\n');
    expect(await machine.execute('cat /srv/runs')).toBe('x\n');
    expect(communicator.counts.streams).toBe(8);
    expect(breaks.streams).toEqual([]);
  });

  test('a bundle whose start was not answered is started again, and runs once', async () => {
    breaks.streams!.push(0);
    breaks.executes = 1;
    const { end } = await machine.run([runOf('echo x >>/srv/once')]);
    expect(end).toEqual({ type: 'ok' });
    expect(breaks).toEqual({ streams: [], executes: 0 });
    expect(await machine.execute('cat /srv/once')).toBe('x\n');
    expect(machine.notices).toContain('The connection to the machine was lost; connecting again');
  });

  test('a connection that never brings a byte is given up', async () => {
    breaks.streams!.push(...Array.from({ length: 30 }, () => 0));
    await expect(machine.run([runOf('true')])).rejects.toMatchObject({ code: 'connection-lost', hint: expect.stringContaining('network') });
    breaks.streams!.splice(0);
  }, 20_000);

  test('fifty instructions take one command that brings them, starts them and follows them', async () => {
    const before = { ...communicator.counts };
    const { end, stdout } = await machine.run(Array.from({ length: 50 }, (_, i) => runOf(`echo ${i}`)));
    expect(end).toEqual({ type: 'ok' });
    expect(Object.values(stdout).join('')).toBe(Array.from({ length: 50 }, (_, i) => `${i}\n`).join(''));
    expect(communicator.counts).toEqual({ ...before, streams: before.streams + 1 });
  });

  test('a fast writer fills neither the memory of the machine nor ours', async () => {
    let bytes = 0;
    let sum = 0;
    let peak = 0;
    const watch = setInterval(() => {
      void machine.execute('df -k /run | tail -1').then((line) => { peak = Math.max(peak, Number(line.split(/ +/)[2])); });
    }, 100);
    const before = process.memoryUsage().rss;
    const { end } = await machine.run([runOf('head -c 600000000 /dev/zero | tr "\\0" x')], {
      onOutput: (_index, _stream, data) => {
        bytes += data.length;
        sum += data[0] + data[data.length - 1];
      },
    });
    clearInterval(watch);
    expect(end).toEqual({ type: 'ok' });
    expect(bytes).toBe(600_000_000);
    // No piece was read where the memory had already been given back.
    expect(sum % 'x'.charCodeAt(0)).toBe(0);
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
    expect(peak).toBeLessThan(500_000);
  }, 120_000);

  test('a writer stands still while whoever gets its output is behind, and loses nothing', async () => {
    let bytes = 0;
    let caughtUp: () => void;
    const behind = new Promise<void>((resolve) => { caughtUp = resolve; });
    const running = machine.run([runOf('head -c 200000000 /dev/zero | tr "\\0" x')], {
      onOutput: (_index, _stream, data) => {
        bytes += data.length;
        return bytes > 20_000_000 ? behind : undefined;
      },
    });
    while (bytes <= 20_000_000) { await sleep(20); }
    const before = bytes;
    await sleep(500);
    expect(bytes).toBe(before);
    expect(bytes).toBeLessThan(30_000_000);
    caughtUp!();
    expect((await running).end).toEqual({ type: 'ok' });
    expect(bytes).toBe(200_000_000);
  }, 60_000);

  test('a machine that has crashed is told from one that is out of reach', async () => {
    const running = machine.run([runOf('echo ready; sleep 60')], {
      onOutput: () => { void machine.machine.crash().then(() => machine.machine.restarted()); },
    });
    expect((await running).end).toEqual({ type: 'restarted' });
  }, 20_000);
});
