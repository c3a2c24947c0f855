import { attendShell } from './attended-command';
import { readLine } from './line-input';
import type { ProcessStreams } from './process-streams';
import { GoldenError } from '../../errors';
import type { Entrance } from '../../ports/attachment';
import type { FailedWork, FailureDecision, NextInstruction, Operator } from '../../ports/operator';
import type { Reporter } from '../reporting/reporter';
import { harmlessLine } from '../reporting/terminal-text';
import type { Surroundings } from '../surroundings';

export interface PromptOptions {
  /** Ask what becomes of failures. */
  readonly ask: boolean;
  /** Stop before each instruction. */
  readonly debug: boolean;
}

type Shell = 'shell';

/** What is typed for each answer, and how it is offered. */
const ANSWERS: { readonly [A in FailureDecision | Shell]: { readonly key: string; readonly offer: string } } = {
  retry: { key: 'r', offer: '[r]etry' },
  skip: { key: 's', offer: '[s]kip*' },
  shell: { key: 'h', offer: 's[h]ell*' },
  cleanup: { key: 'c', offer: '[c]lean up and end' },
  abort: { key: 'a', offer: '[a]bort and leave the machine' },
};

const UNPUBLISHED = '* the image is not published then';

/** Asks the person at the terminal, about one build at a time. Errors: `no-terminal` at once where there is none. */
export class Prompts {
  private readonly streams: ProcessStreams;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly surroundings: Surroundings, private readonly reporter: Reporter, private readonly options: PromptOptions) {
    this.streams = requireTerminal(surroundings, options);
  }

  get operator(): Operator {
    const { ask, debug } = this.options;
    return {
      onFailure: ask ? (failure, entrance, signal) => this.inTurn(() => this.failure(failure, entrance, signal)) : undefined,
      beforeInstruction: debug ? (next, entrance, signal) => this.inTurn(() => this.next(next, entrance, signal)) : undefined,
    };
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(async () => {
      const resume = this.reporter.pause?.();
      try {
        return await work();
      } finally {
        resume?.();
      }
    });
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  private async failure({ path, message, choices }: FailedWork, entrance: Entrance, signal: AbortSignal): Promise<FailureDecision> {
    const offered = (['retry', 'skip', 'shell', 'cleanup', 'abort'] as const).filter((answer) => answer === 'shell' || choices.includes(answer));
    this.say(`\n${path ? `${path}: ` : ''}${message}`);
    for (;;) {
      const typed = await this.read(`What now? ${offered.map((answer) => ANSWERS[answer].offer).join(', ')} (${UNPUBLISHED}): `, signal);
      // Whoever has gone does not look at the machine either.
      if (typed === undefined) { return 'cleanup'; }
      const answer = offered.find((one) => typed.toLowerCase() === ANSWERS[one].key || typed.toLowerCase() === one);
      if (answer === 'shell') { await this.shell(entrance, signal); } else if (answer) { return answer; }
    }
  }

  private async next({ index, count, path, what }: NextInstruction, entrance: Entrance, signal: AbortSignal): Promise<'go-on' | 'quit'> {
    this.say(`\n[${index + 1}/${count}] ${path}: ${what}`);
    for (;;) {
      const typed = await this.read(`Enter runs it, s opens a shell* first, q quits (${UNPUBLISHED}): `, signal);
      if (typed === '') { return 'go-on'; }
      if (typed === undefined || /^q(uit)?$/i.test(typed)) { return 'quit'; }
      if (/^s(hell)?$/i.test(typed)) { await this.shell(entrance, signal); }
    }
  }

  private async shell(entrance: Entrance, signal: AbortSignal): Promise<void> {
    try {
      const exitCode = await attendShell(entrance, this.streams, this.surroundings.environment, { unpublished: true, signal });
      this.say(`The shell ended with exit code ${exitCode}.`);
    } catch (error) {
      if (!GoldenError.is(error)) { throw error; }
      this.say(`There is no shell: ${error.message}`);
    }
  }

  private async read(question: string, signal: AbortSignal): Promise<string | undefined> {
    this.out.write(question);
    const typed = await readLine(this.streams.stdin, signal);
    if (typed === undefined) { this.out.write('\n'); }
    return typed;
  }

  private say(text: string): void {
    this.out.write(`${text.split('\n').map(harmlessLine).join('\n')}\n`);
  }

  /** What is printed may go to a file. */
  private get out(): ProcessStreams['stderr'] {
    const { stdout, stderr } = this.streams;
    return stderr.isTTY ? stderr : stdout;
  }
}

function requireTerminal({ streams }: Surroundings, { ask }: PromptOptions): ProcessStreams {
  if (streams?.stdin.isTTY && streams.stdout.isTTY) { return streams; }
  throw new GoldenError('no-terminal', `${ask ? '--on-error ask' : '--debug'} needs a terminal, and this is none`, {
    kind: 'usage', hint: ask ? 'Without one, --on-error abort leaves the machine of a failed build; golden shell enters it.' : 'Run the command in a terminal.',
  });
}
