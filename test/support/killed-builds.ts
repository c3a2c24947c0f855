import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { bundleProgram } from './bundled-program';
import type { KilledBuildAnswer, KilledBuildOptions } from './killed-build';
import { start } from '../../lib/process';

export interface KilledBuildRun {
  readonly killed: boolean;
  /** Absent: it was killed. */
  readonly answer?: KilledBuildAnswer;
  readonly stderr: string;
}

/** Runs builds in processes of their own, which are killed where a test wants it. */
export class KilledBuilds {
  private readonly folder = mkdtempSync(join(tmpdir(), 'golden-killed-'));
  /** Named as the command is, so that what EC2 needs is compiled once and not for each build. */
  private readonly program = join(this.folder, 'golden.js');

  /** @param kinds hosts that are built on */
  constructor(kinds: readonly KilledBuildOptions['host']['kind'][] = ['fake']) {
    bundleProgram(join(__dirname, 'killed-build.ts'), this.program);
    if (kinds.includes('ec2')) { bundleProgram(join(__dirname, '..', '..', 'lib', 'cli', 'ec2-wiring.ts'), join(this.folder, 'ec2-wiring.js')); }
  }

  async run(options: KilledBuildOptions, environment: NodeJS.ProcessEnv = {}): Promise<KilledBuildRun> {
    const child = start([process.execPath, this.program, JSON.stringify(options)], {
      env: { ...process.env, ...environment, GOLDEN_HOME: this.folder },
    });
    let stdout = '';
    let stderr = '';
    child.stdout!.on('data', (data) => { stdout += data; });
    child.stderr!.on('data', (data) => { stderr += data; });
    // Machines that outlive it may hold its streams open.
    const signal = await new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, by) => resolve(by)));
    const killed = signal === 'SIGKILL';
    if (!killed && !stdout.endsWith('\n')) { await new Promise((resolve) => child.once('close', resolve)); }
    if (!killed && stdout === '') { throw new Error(`The build said nothing: ${stderr}`); }
    return { killed, answer: killed ? undefined : JSON.parse(stdout) as KilledBuildAnswer, stderr };
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
