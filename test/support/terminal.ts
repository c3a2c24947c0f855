import { spawn } from 'child_process';
import { readFileSync } from 'fs';
import { GOLDEN } from './golden';
import { quoteAll } from '../../lib/plan/shell';

/** The bundled command in a real terminal of 100 columns and 30 rows, with a program at its keyboard. */
export class GoldenTerminal {
  shown = '';
  readonly exitCode: Promise<number | null>;
  private readonly child: ReturnType<typeof spawn>;
  private over = false;
  private seen = 0;

  constructor(args: readonly string[], { cwd, env }: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv }) {
    const command = `stty cols 100 rows 30; exec ${quoteAll([process.execPath, GOLDEN, ...args])}`;
    this.child = spawn('script', ['-qefc', command, '/dev/null'], {
      cwd, env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm', NODE_NO_WARNINGS: '1', ...env }, stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdin!.on('error', () => { /* it has ended */ });
    this.child.stdout!.on('data', (data: Buffer) => { this.shown += data.toString(); });
    this.exitCode = new Promise((resolve) => this.child.once('close', (code) => {
      this.over = true;
      resolve(code);
    }));
  }

  /** Waits until this was shown, after what was waited for before. Returns what was shown from there up to its end. */
  async until(text: string | RegExp, timeoutMs = 60_000): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const isLast = this.over || Date.now() > deadline;
      const rest = this.shown.slice(this.seen);
      const at = typeof text === 'string' ? rest.indexOf(text) : rest.search(text);
      if (at >= 0) {
        const end = at + (typeof text === 'string' ? text : text.exec(rest)![0]).length;
        this.seen += end;
        return rest.slice(0, end);
      }
      if (isLast) { throw new Error(`${String(text)} was not shown${this.over ? '' : ` within ${timeoutMs / 1000} s`}, but:\n${this.shown.slice(-4000)}`); }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  type(text: string): void {
    this.child.stdin!.write(text);
  }

  /** Kills the command, and not its terminal. */
  kill(): void {
    const pid = this.child.pid!;
    const [command] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    process.kill(Number(command), 'SIGKILL');
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}
