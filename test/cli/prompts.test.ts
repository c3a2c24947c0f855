import { PassThrough } from 'stream';
import { Prompts, type PromptOptions } from '../../lib/cli/console/prompts';
import { lineReporter } from '../../lib/cli/reporting/line-reporter';
import { LiveReporter } from '../../lib/cli/reporting/live-reporter';
import type { Attachment, Entrance, EntranceOptions } from '../../lib/ports/attachment';
import { TestSurroundings } from '../support/test-surroundings';

const FAILURE = { path: 'Web/Image/Setup', message: 'Instruction 2 of 3 (run) failed:\n  \x1b[2Jno mirror', choices: ['retry', 'skip', 'cleanup', 'abort'] } as const;
const QUESTION = 'What now? [r]etry, [s]kip*, s[h]ell*, [c]lean up and end, [a]bort and leave the machine (* the image is not published then): ';
const never = new AbortController().signal;

/** A terminal in which a person answers each question with the next of these; null: Ctrl-D. */
class FakeTerminal extends TestSurroundings {
  readonly raw: boolean[] = [];
  readonly stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => { this.raw.push(raw); } });
  readonly screen = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 30 });
  shown = '';
  readonly streams = { stdin: this.stdin, stdout: this.screen, stderr: this.screen };

  constructor(private readonly answers: (string | null)[] = []) {
    super('/nowhere', { TERM: 'xterm-test' });
    this.screen.on('data', (data: Buffer) => {
      this.shown += data.toString();
      if (!data.toString().endsWith(': ')) { return; }
      const answer = this.answers.shift();
      if (answer === null) { this.stdin.end(); } else { this.stdin.write(`${answer}\n`); }
    });
  }

  operator(options: Partial<PromptOptions> = {}) {
    return new Prompts(this, lineReporter(this.stdout), { ask: true, debug: false, ...options }).operator;
  }
}

/** A shell that repeats what is typed in capitals, until that is `exit`. */
function capitals(attached: (command: string, options?: EntranceOptions) => void = () => undefined): Entrance {
  return {
    attach: async (command, options) => {
      attached(command, options);
      const stdin = new PassThrough();
      const stdout = new PassThrough();
      const ended = new Promise<number>((resolve) => stdin.on('data', (data: Buffer) => {
        stdout.write(data.toString().toUpperCase());
        if (data.includes('exit')) { stdout.end(); resolve(7); }
      }));
      return { stdin, stdout, stderr: new PassThrough().end(), ended, resize: () => undefined, end: async () => undefined } as Attachment;
    },
  };
}

describe('after a failure', () => {
  test.each([['r', 'retry'], ['retry', 'retry'], ['S', 'skip'], ['c', 'cleanup'], ['a', 'abort']])('%j is %s', async (typed, decision) => {
    const terminal = new FakeTerminal([typed]);
    await expect(terminal.operator().onFailure!(FAILURE, capitals(), never)).resolves.toBe(decision);
    expect(terminal.shown).toBe(`\nWeb/Image/Setup: Instruction 2 of 3 (run) failed:\n  no mirror\n${QUESTION}`);
  });

  test('what is no answer is asked again, and Ctrl-D cleans up', async () => {
    const terminal = new FakeTerminal(['', 'yes', null]);
    await expect(terminal.operator().onFailure!(FAILURE, capitals(), never)).resolves.toBe('cleanup');
    expect(terminal.shown.split(QUESTION)).toHaveLength(4);
  });

  test('what may not be decided is not offered, and not taken', async () => {
    const terminal = new FakeTerminal(['r', 'c']);
    await expect(terminal.operator().onFailure!({ ...FAILURE, choices: ['cleanup', 'abort'] }, capitals(), never)).resolves.toBe('cleanup');
    expect(terminal.shown).toContain('What now? s[h]ell*, [c]lean up and end, [a]bort and leave the machine (');
  });

  test('a shell has the terminal as it is, and comes back to the question', async () => {
    const terminal = new FakeTerminal(['h', 'r']);
    const asked: unknown[] = [];
    const deciding = terminal.operator().onFailure!(FAILURE, capitals((_command, options) => {
      asked.push(options);
      setTimeout(() => terminal.stdin.write('exit'), 20);
    }), never);
    await expect(deciding).resolves.toBe('retry');
    expect(asked).toEqual([{ unpublished: true, terminal: { columns: 100, rows: 30, type: 'xterm-test' } }]);
    expect(terminal.shown).toContain(`${QUESTION}EXITThe shell ended with exit code 7.\n${QUESTION}`);
    expect(terminal.raw).toEqual([true, false]);
  });

  test('an interruption ends the wait', async () => {
    const controller = new AbortController();
    const deciding = new FakeTerminal([]).operator().onFailure!(FAILURE, capitals(), controller.signal);
    controller.abort();
    await expect(deciding).rejects.toMatchObject({ code: 'interrupted' });
  });

  test('of two builds one is asked about after the other', async () => {
    const terminal = new FakeTerminal(['r', 's']);
    const { onFailure } = terminal.operator();
    await expect(Promise.all([onFailure!(FAILURE, capitals(), never), onFailure!({ ...FAILURE, path: 'Other' }, capitals(), never)])).resolves.toEqual(['retry', 'skip']);
    expect(terminal.shown.indexOf('Other')).toBeGreaterThan(terminal.shown.indexOf(QUESTION));
  });
});

describe('before an instruction', () => {
  const NEXT = { index: 1, count: 3, path: 'Web/Image/Setup', what: 'run apt-get update…' };

  test.each([['', 'go-on'], ['q', 'quit'], [null, 'quit']])('%j is %s', async (typed, decision) => {
    const terminal = new FakeTerminal([typed]);
    await expect(terminal.operator({ debug: true }).beforeInstruction!(NEXT, capitals(), never)).resolves.toBe(decision);
    expect(terminal.shown).toContain('\n[2/3] Web/Image/Setup: run apt-get update…\nEnter runs it, s opens a shell* first, q quits (* the image is not published then): ');
  });
});

test.each([[{ ask: true, debug: false }, '--on-error ask needs a terminal, and this is none'], [{ ask: false, debug: true }, '--debug needs a terminal, and this is none']])(
  'without a terminal, %j is refused', (options, message) => {
    const world = new TestSurroundings('/nowhere');
    expect(() => new Prompts(world, lineReporter(world.stdout), options)).toThrow(message);
  });

test('what builds print meanwhile is shown when the question is answered', () => {
  const world = new TestSurroundings('/nowhere', {}, undefined, { columns: 80, rows: 24 });
  for (const reporter of [new LiveReporter(world.stdout, world.clock), lineReporter(world.stdout)]) {
    world.out = '';
    const resume = reporter.pause!();
    reporter.report({ time: '', image: 'Web', type: 'notice', level: 'warning', message: 'something happened' });
    expect(world.out).toBe('');
    resume();
    expect(world.out).toContain('something happened');
    if (reporter instanceof LiveReporter) { reporter.stop(); }
  }
});
