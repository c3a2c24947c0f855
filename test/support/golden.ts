import { spawn } from 'child_process';
import { join } from 'path';

export const PROJECT = join(__dirname, '..', '..');
export const GOLDEN = join(PROJECT, 'bin', 'golden.js');

/** One line of `--json`. */
export interface JsonEvent {
  readonly type: string;
  readonly [key: string]: any;
}

export interface GoldenRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** What `--json` printed; empty without it. */
  readonly events: readonly JsonEvent[];
}

export interface GoldenOptions {
  readonly cwd: string;
  /** Command in front of it, which becomes it. @default none */
  readonly through?: readonly string[];
  /** The command itself. @default the one of this project */
  readonly file?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What it reads. @default nothing, from the device of that name */
  readonly input?: string;
  /** Called with the process, to signal it. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
  /** Called with each event as it comes, where `--json` is given. */
  readonly onEvent?: (event: JsonEvent, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs the bundled command as a user would, in a process of its own. */
export function golden(args: readonly string[], options: GoldenOptions): Promise<GoldenRun> {
  const started = Date.now();
  const [program, ...words] = [...options.through ?? [], process.execPath, options.file ?? GOLDEN, ...args];
  const child = spawn(program, words, {
    cwd: options.cwd,
    // Apps call tsx, wherever the suite's folder is.
    env: { ...process.env, NODE_NO_WARNINGS: '1', PATH: `${join(PROJECT, 'node_modules', '.bin')}:${process.env.PATH}`, ...options.env },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  // It may end before it has read all.
  child.stdin?.on('error', () => undefined).end(options.input);
  const kill = (signal: NodeJS.Signals) => { child.kill(signal); };
  options.onStart?.(kill);
  let stdout = '';
  let stderr = '';
  let unread = '';
  const events: JsonEvent[] = [];
  child.stdout!.on('data', (data) => {
    stdout += data;
    if (!args.includes('--json')) { return; }
    const lines = (unread + data).split('\n');
    unread = lines.pop()!;
    for (const line of lines) {
      const event = JSON.parse(line) as JsonEvent;
      events.push(event);
      options.onEvent?.(event, kill);
    }
  });
  child.stderr!.on('data', (data) => { stderr += data; });
  return new Promise((resolve) => child.on('close', (exitCode) => {
    resolve({ exitCode, stdout, stderr, seconds: (Date.now() - started) / 1000, events });
  }));
}

/** What the checks of a run said: `file /etc/motd: mode` by outcome. */
export function checksOf(run: GoldenRun, outcome: 'passed' | 'failed' | 'skipped', phase?: string): string[] {
  return run.events
    .filter((event) => event.type === 'check.finished' && event.outcome === outcome && (phase === undefined || event.phase === phase))
    .map((event) => `${event.check}: ${event.attribute}`);
}
