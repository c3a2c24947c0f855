import type { ChildProcess } from 'child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import type { Readable, Writable } from 'stream';
import { killGroup, start } from '../../../../lib/process';

/**
 * Reads names of files, and runs each of them in the same shell, as version 0.2 of a buildspec wants it. Where a command ends the shell,
 * its environment and folder stay for the next one.
 */
const DRIVER = `
trap '_code=$?; pwd > "$_STATE/folder"; env -0 > "$_STATE/environment"; exit $_code' EXIT
while IFS= read -r _file <&4; do . "$_file" </dev/null 3>&- 4<&-; echo $? >&3; done
`;

export interface ShellOptions {
  readonly shell: 'sh' | 'bash';
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Where it keeps what it needs. */
  readonly state: string;
  readonly onOutput: (text: string) => void;
}

/** The shell of one build. */
export class BuildShell {
  private child: ChildProcess | undefined;
  private count = 0;
  private killed = false;

  constructor(private readonly options: ShellOptions) {
    mkdirSync(options.state, { recursive: true });
  }

  /** Runs a command to its end. `undefined`: it was killed. */
  async run(command: string, more: { readonly [name: string]: string } = {}): Promise<number | undefined> {
    if (this.killed) { return undefined; }
    const file = join(this.options.state, `command-${this.count += 1}`);
    const exports = Object.entries(more).map(([name, value]) => `export ${name}='${value}'\n`).join('');
    writeFileSync(file, `${exports}${command}\n`);
    const child = this.child ??= this.open();
    const code = await new Promise<number>((resolve) => {
      const answers = child.stdio[3] as Readable;
      const ended = (exitCode: number | null) => { answers.removeListener('data', answered); this.child = undefined; resolve(exitCode ?? 137); };
      const answered = (data: Buffer) => { child.removeListener('exit', ended); resolve(Number(data.toString().trim())); };
      answers.once('data', answered);
      child.once('exit', ended);
      (child.stdio[4] as Writable).write(`${file}\n`);
    });
    return this.killed ? undefined : code;
  }

  /** Ends everything that was started here, at once. */
  kill(): void {
    this.killed = true;
    if (this.child) { killGroup(this.child); }
    for (const pid of this.processes()) { try { process.kill(pid, 'SIGKILL'); } catch { /* it is gone */ } }
  }

  /** What left the group of the shell is known by the shell's environment, as a container knows all that is in it. */
  private processes(): number[] {
    const mark = `CODEBUILD_BUILD_ARN=${this.options.environment.CODEBUILD_BUILD_ARN}`;
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
      try { return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(mark); } catch { return false; }
    });
  }

  private open(): ChildProcess {
    const { shell, state, onOutput } = this.options;
    const child = start([shell, '-c', DRIVER], {
      cwd: this.lastFolder(), env: { ...this.lastEnvironment(), _STATE: state }, stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'], detached: true,
    });
    for (const stream of [child.stdout!, child.stderr!]) { stream.on('data', (data: Buffer) => onOutput(data.toString())); }
    (child.stdio[4] as Writable).on('error', () => { /* it ended; its exit says so */ });
    return child;
  }

  private lastFolder(): string {
    const file = join(this.options.state, 'folder');
    return existsSync(file) ? readFileSync(file, 'utf8').replace(/\n$/, '') : this.options.folder;
  }

  private lastEnvironment(): NodeJS.ProcessEnv {
    const file = join(this.options.state, 'environment');
    if (!existsSync(file)) { return this.options.environment; }
    const lines = readFileSync(file, 'utf8').split('\0').filter((line) => line);
    return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  }
}
