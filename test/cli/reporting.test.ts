import { BUILT, recordedBuild } from './recorded-build';
import { formatBytes, formatSeconds } from '../../lib/cli/reporting/figures';
import { jsonReporter } from '../../lib/cli/reporting/json-reporter';
import { lineReporter } from '../../lib/cli/reporting/line-reporter';
import { LiveReporter } from '../../lib/cli/reporting/live-reporter';
import { table } from '../../lib/cli/reporting/table';
import { TestSurroundings } from '../support/test-surroundings';

test('without a terminal: a line for each thing, with its image before it, and a summary', () => {
  const { stdout, ...world } = surroundings();
  const reporter = lineReporter(stdout);
  recordedBuild().forEach(reporter.report);
  reporter.finish();
  expect(world.text()).toBe(`\
Web/Image | building on the host sandbox: 3 instructions, definition dddddddddddddddd
Web/Image | resolve
Web/Image | resolve took 0.0 s
Web/Image | build key bbbbbbbbbbbbbbbb, 1 of 3 instructions cached
Web/Image | base: Debian bookworm
Web/Image | base took 1 min 12 s
Web/Image | [1/3] Packages: cached
Web/Image | provision
Web/Image | [2/3] Site
Web/Image | [2/3]   copying
Web/Image | [2/3]   warning
Web/Image | [2/3]   half a line
Web/Image | [2/3]   without an end
Web/Image | [2/3] Site: done after 1.2 s
Web/Image | checkpoint after 2 instructions saved in 0.3 s
Web/Image | [3/3] Flaky: attempt 2
Web/Image | [3/3] Flaky: FAILED with exit code 7 after 0.5 s
Web/Image | provision took 2.0 s
Web/Image | warning: the disk is nearly full
Web/Image | check service nginx: running passed
Web/Image | check file /srv/index.html: mode FAILED: expected to equal "0644", found "0600"
Web/Image | check file /srv/index.html: owner skipped
Web/Image | FAILED after 1 min 20 s: Web/Image/Page: 1 check failed
Web/Image |   Look at the checks.

Web/Image   FAILED after 1 min 20 s
  checks    1 passed, 1 failed, 1 skipped, 1 of them after booting the finished image
  cached    1 of 3 instructions
  times     base 1 min 12 s, provision 2.0 s
`);
});

test('the summary of a finished image names its files', () => {
  const { stdout, ...world } = surroundings();
  const reporter = lineReporter(stdout);
  reporter.report({ time: '', image: 'Web/Image', ...BUILT });
  reporter.finish();
  expect(world.text()).toBe(`\
Web/Image | built in 1 min 05 s: golden.out/Web-Image/bbbbbbbbbbbbbbbb

Web/Image   built in 1 min 05 s: golden.out/Web-Image/bbbbbbbbbbbbbbbb
  file      root.tar  312.4 MiB  sha256 1111111111111111
  file      disk.qcow2  512 B  sha256 2222222222222222
`);
});

test('for programs: one event a line, as it was reported', () => {
  const { stdout, ...world } = surroundings();
  const reporter = jsonReporter(stdout);
  const events = recordedBuild();
  events.forEach(reporter.report);
  reporter.finish();
  expect(world.text().trimEnd().split('\n').map((line) => JSON.parse(line) as object)).toEqual(events);
});

describe('on a terminal', () => {
  test('a running build shows what it does, for how long, and its last lines, and is redrawn in place', () => {
    const world = new TestSurroundings('/', {}, undefined, { columns: 60, rows: 24 });
    const reporter = new LiveReporter(world.stdout, world.clock);
    recordedBuild().slice(0, 9).forEach((event) => reporter.report(event));
    world.time += 1500;
    recordedBuild().slice(9, 12).forEach((event) => reporter.report(event));
    world.out = '';
    reporter.draw();
    reporter.stop();
    expect(world.out).toBe('\x1b[1A\x1b[J'
      + '⠴ Web/Image  provision [2/3] Site, 1 cached  1.5 s of 1.5 s\n'
      + '\x1b[2m  [2/3]   copying\x1b[0m\n'
      + '\x1b[2m  [2/3]   warning\x1b[0m\n'
      + '\x1b[2m  [2/3]   half a line\x1b[0m\n');
  });

  test('what is left in the end: failed checks, the last lines, the outcome and the summary', () => {
    const world = new TestSurroundings('/', {}, undefined, { columns: 80, rows: 24 });
    const reporter = new LiveReporter(world.stdout, world.clock);
    recordedBuild().forEach((event) => reporter.report(event));
    reporter.finish();
    expect(screenOf(world.out)).toBe(`\
Web/Image: warning: the disk is nearly full
✗ Web/Image: check file /srv/index.html: mode FAILED: expected to equal "0644", found "0600"
[2/3]   copying
[2/3]   warning
[2/3]   half a line
[2/3]   without an end
[2/3] Site: done after 1.2 s
[3/3] Flaky: FAILED with exit code 7 after 0.5 s
✗ Web/Image  FAILED after 1 min 20 s: Web/Image/Page: 1 check failed

Web/Image   FAILED after 1 min 20 s: Web/Image/Page: 1 check failed
              Look at the checks.
  checks    1 passed, 1 failed, 1 skipped, 1 of them after booting the finished image
            file /srv/index.html: mode: expected to equal "0644", found "0600" (Page)
  cached    1 of 3 instructions
  times     base 1 min 12 s, provision 2.0 s
`);
  });

  test('several builds fit a low terminal, and no line is wider than it', () => {
    const world = new TestSurroundings('/', {}, undefined, { columns: 40, rows: 6 });
    const reporter = new LiveReporter(world.stdout, world.clock);
    for (const image of ['A/Image', 'B/Image', 'C/Image']) { recordedBuild(image).slice(0, 12).forEach((event) => reporter.report(event)); }
    reporter.stop();
    const lines = screenOf(world.out).trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
  });
});

test.each([[0, '0 B'], [1023, '1023 B'], [1024, '1.0 KiB'], [1536 * 1024, '1.5 MiB'], [3 * 1024 ** 3, '3.0 GiB']])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([[0.04, '0.0 s'], [59.94, '59.9 s'], [60, '1 min 00 s'], [3725, '62 min 05 s']])('%d seconds are %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test('a table has columns as wide as they need', () => {
  expect(table([['IMAGE', 'KEY', ''], ['Web/Image', 'x', 'y']])).toBe('IMAGE      KEY\nWeb/Image  x    y\n');
});

function surroundings() {
  const world = new TestSurroundings('/');
  return { stdout: world.stdout, text: () => world.out };
}

/** What a terminal shows after all of this: erasures done, colours left out. */
function screenOf(output: string): string {
  let lines: string[] = [''];
  for (const part of output.split(/(\x1b\[\d*[AJm]|\n)/)) { // eslint-disable-line no-control-regex
    const up = /^\x1b\[(\d+)A$/.exec(part)?.[1]; // eslint-disable-line no-control-regex
    if (up) { lines = [...lines.slice(0, -1 - Number(up)), '']; }
    if (part === '\n') { lines.push(''); } else if (!part.startsWith('\x1b')) { lines[lines.length - 1] += part; }
  }
  return lines.join('\n');
}
