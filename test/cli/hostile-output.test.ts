import { setFlagsFromString } from 'v8';
import { runInNewContext } from 'vm';
import { jsonReporter } from '../../lib/cli/reporting/json-reporter';
import { lineReporter } from '../../lib/cli/reporting/line-reporter';
import { LiveReporter } from '../../lib/cli/reporting/live-reporter';
import type { Reporter } from '../../lib/cli/reporting/reporter';
import type { Output } from '../../lib/cli/surroundings';
import { InstructionLog } from '../../lib/engine/instruction-log';
import { Redaction } from '../../lib/engine/redact';
import { TestSurroundings } from '../support/test-surroundings';

/** What programs write that mean no good, or are broken; in pieces that cut it anywhere. */
const HOSTILE = Buffer.concat([
  Buffer.from('\x1b[2J\x1b[H\x1b[10Aover the top\n\x1b]0;owned\x07\x1b]52;c;ZXZpbA==\x07title and clipboard\n'),
  Buffer.from('\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\\n\x1bP+q544e\x1b\\\x1b[6n\x1b[cqueries\n\x1b[?1049h\x1b[?1000hmodes\n'),
  Buffer.from('nul\0nul\rovertyped\n\x9b2Jc1\n\x08\x08\x7f\n'),
  Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0xf0, 0x9f, 0x0a, 0xed, 0xa0, 0x80, 0x0a]),
  Buffer.from('\x1b]0;never ended'),
]);

/** Shows all of a stream as the output of one instruction, in pieces of some size. */
function show(reporter: Reporter, pieces: Iterable<Buffer>): void {
  const report = (event: object) => reporter.report({ time: '2026-01-02T03:04:05.000Z', image: 'Stack/Web', ...event } as Parameters<Reporter['report']>[0]);
  const log = new InstructionLog(0, new Redaction(), report);
  report({ type: 'instruction.started', index: 0, origin: 'Loud', attempt: 1 });
  for (const piece of pieces) {
    log.write('stdout', piece);
    // As its timer does, were there the time.
    if (reporter instanceof LiveReporter) { reporter.draw(); }
  }
  log.end();
  report({ type: 'instruction.finished', index: 0, origin: 'Loud', exitCode: 0, seconds: 1, ok: true });
  reporter.finish();
}

function* cut(content: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < content.length; at += size) { yield content.subarray(at, at + size); }
}

/** Pieces of one line that is never ended; tells when the last of them was taken, while the line is still open. */
function* longLine(bytes: number, taken: () => void): Generator<Buffer> {
  const piece = Buffer.alloc(1 << 16, 'x');
  for (let at = 0; at < bytes; at += piece.length) { yield piece; }
  taken();
}

/** Bytes that something still holds; what waits for its collection is no measure of a program. */
function held(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe.each([1, 2, 3, 7, 64, 4096])('output in pieces of %d bytes', (size) => {
  test('moves nothing on a terminal, asks it nothing and sets nothing of it', () => {
    const world = new TestSurroundings('/', {}, undefined, { columns: 80, rows: 24 });
    const live = new LiveReporter(world.stdout, world.clock);
    show(live, cut(HOSTILE, size));
    // Only what we draw with: up and erase, colours.
    // eslint-disable-next-line no-control-regex
    expect(world.out.replace(/\x1b\[\d+A\x1b\[J|\x1b\[(0|2|31|32|33)m/g, '')).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  });

  test('is plain lines in a log', () => {
    const world = new TestSurroundings('/');
    show(lineReporter(world.stdout), cut(HOSTILE, size));
    // eslint-disable-next-line no-control-regex
    expect(world.out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    expect(world.out).toContain('| [1/1]   over the top\n');
    expect(world.out).toContain('| [1/1]   title and clipboard\n');
    expect(world.out).not.toMatch(/evil|ZXZpbA/);
  });

  test('is valid JSON on each line for programs, with every byte that is text', () => {
    const world = new TestSurroundings('/');
    show(jsonReporter(world.stdout), cut(HOSTILE, size));
    const events = world.out.trimEnd().split('\n').map((line) => JSON.parse(line) as { type: string; text?: string });
    expect(events.map(({ text = '' }) => text).join('')).toBe(HOSTILE.toString('utf8'));
    // eslint-disable-next-line no-control-regex
    expect(world.out).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  });
});

test.each<[string, (output: Output, world: TestSurroundings) => Reporter]>([
  ['a terminal', (output, world) => new LiveReporter({ ...output, terminal: { columns: 80, rows: 24 } }, world.clock)],
  ['a log', (output) => lineReporter(output)],
  ['programs', (output) => jsonReporter(output)],
])('100 MB on one line, which never ends, take no memory on their way to %s', (reader, reporterOf) => {
  let written = 0;
  let longest = 0;
  const output: Output = { write: (text) => { written += text.length; longest = Math.max(longest, text.length); } };
  const before = held();
  let during = 0;
  show(reporterOf(output, new TestSurroundings('/')), longLine(100_000_000, () => { during = held(); }));
  expect(during - before).toBeLessThan(10_000_000);
  expect(longest).toBeLessThan(300_000);
  if (reader !== 'a terminal') { expect(written).toBeGreaterThan(100_000_000); }
});
