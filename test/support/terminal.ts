import { spawn } from 'child_process';
import { GOLDEN } from './golden';
import { quoteAll } from '../../lib/plan/shell';

export interface TerminalOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** The bundled command in a real terminal, with a program at its keyboard. */
export class GoldenTerminal {
  shown = '';
  readonly exitCode: Promise<number | null>;
  private readonly child: ReturnType<typeof spawn>;
  private seen = 0;

  constructor(args: readonly string[], { cwd, env }: TerminalOptions) {
    const command = `stty cols 100 rows 30; exec ${quoteAll([process.execPath, GOLDEN, ...args])}`;
    this.child = spawn('script', ['-qefc', command, '/dev/null'], {
      cwd, env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm', NODE_NO_WARNINGS: '1', ...env }, stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdout!.on('data', (data: Buffer) => { this.shown += data.toString(); });
    this.exitCode = new Promise((resolve) => this.child.once('close', resolve));
  }

  /** Waits until this was shown, after what was waited for before. Returns what was shown up to it. */
  async until(text: string | RegExp, timeoutMs = 90_000): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const rest = this.shown.slice(this.seen);
      const at = typeof text === 'string' ? rest.indexOf(text) : rest.search(text);
      if (at >= 0) {
        const length = typeof text === 'string' ? text.length : text.exec(rest)![0].length;
        this.seen += at + length;
        return rest.slice(0, at + length);
      }
      if (Date.now() > deadline) { throw new Error(`${String(text)} was not shown within ${timeoutMs / 1000} s, but:\n${this.shown.slice(-4000)}`); }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  type(text: string): void {
    this.child.stdin!.write(text);
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}
