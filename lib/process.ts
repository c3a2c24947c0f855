import { spawn, type ChildProcess, type SpawnOptions } from 'child_process';
import type { Readable } from 'stream';
import { GoldenError } from './errors';

/** Packages that have the tools we call, for messages. */
const DEBIAN_PACKAGE: { readonly [tool: string]: string } = {
  'mmdebstrap': 'mmdebstrap',
  'systemd-nspawn': 'systemd-container',
  'slirp4netns': 'slirp4netns',
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  'sgdisk': 'gdisk',
  'mke2fs': 'e2fsprogs',
  'mformat': 'mtools',
  'mcopy': 'mtools',
  'mmd': 'mtools',
  'grub-mkimage': 'grub-common',
  'nsenter': 'util-linux',
  'unshare': 'util-linux',
  'newuidmap': 'uidmap',
  'newgidmap': 'uidmap',
  'setpriv': 'util-linux',
  'perl': 'perl-base',
  'tar': 'tar',
  'zstd': 'zstd',
  'ip': 'iproute2',
};

/** How long after it was killed a process is waited for. */
const BURIAL_MS = 5_000;

/** How often a process that may have been stopped is woken. */
const WAKE_MS = 250;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: Buffer | string | Readable;
  /** Ends the process and all of its group. @default none */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Keep at most this much of each stream; the rest is counted as truncated. @default 16 MiB */
  readonly maxOutputBytes?: number;
  /** Gets the process, to signal it. */
  readonly onStart?: (child: ChildProcess) => void;
  readonly onStdout?: (data: Buffer) => void;
  readonly onStderr?: (data: Buffer) => void;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** The package of Debian and Ubuntu that has a tool which we call. */
export function debianPackageOf(tool: string): string | undefined {
  return DEBIAN_PACKAGE[tool];
}

/** Where the system keeps programs that are not on the path of an ordinary user. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];

/** An environment in which such programs are found all the same. */
export function withSystemFolders(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (env.PATH === undefined) { return env; }
  const folders = env.PATH.split(':');
  return { ...env, PATH: [...folders, ...SYSTEM_FOLDERS.filter((folder) => !folders.includes(folder))].join(':') };
}

/** Starts a program without a shell. A missing program is an error that names the package that has it. */
export function start(argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const [command, ...args] = argv;
  return spawn(command, args, { stdio: 'pipe', ...options, env: withSystemFolders(options.env ?? process.env) });
}

/** Runs a program to its end. An exit code is a result; death by a signal is 128 + its number, as in a shell. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = start(argv, { cwd: options.cwd, env: options.env, detached: true });
    options.onStart?.(child);
    const limit = options.maxOutputBytes ?? 16 << 20;
    const stdout = new Tail(limit);
    const stderr = new Tail(limit);
    let failure: GoldenError | undefined;
    const fail = (error: GoldenError) => {
      failure ??= error;
      killGroup(child);
      // What left its group, or stands still so that no signal reaches it, keeps its streams; it is not waited for.
      setTimeout(() => {
        [child.stdin!, child.stdout!, child.stderr!].forEach((stream) => stream.destroy());
        settle();
        reject(failure!);
      }, BURIAL_MS).unref();
    };
    const timer = options.timeoutMs === undefined ? undefined
      : setTimeout(() => fail(new GoldenError('timed-out', `${argv[0]} took longer than ${options.timeoutMs! / 1000} s`)), options.timeoutMs);
    const abort = () => fail(new GoldenError('interrupted', `${argv[0]} was interrupted`, { kind: 'interrupted' }));
    if (options.signal?.aborted) { abort(); }
    options.signal?.addEventListener('abort', abort, { once: true });

    child.stdout!.on('data', (data: Buffer) => { stdout.add(data); options.onStdout?.(data); });
    child.stderr!.on('data', (data: Buffer) => { stderr.add(data); options.onStderr?.(data); });
    child.stdin!.on('error', () => { /* it ended without reading; its exit code says why */ });
    if (options.stdin !== undefined && typeof options.stdin === 'object' && 'pipe' in options.stdin) {
      options.stdin.on('error', (error) => fail(new GoldenError('read-failed', `Input of ${argv[0]}: ${error.message}`, { cause: error })));
      options.stdin.pipe(child.stdin!);
    } else {
      child.stdin!.end(options.stdin);
    }
    const settle = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
    };
    child.once('error', (error: NodeJS.ErrnoException) => { settle(); reject(failure ?? startError(argv[0], error)); });
    child.once('close', (code, signal) => {
      settle();
      if (failure) { reject(failure); return; }
      resolve({ exitCode: code ?? 128 + signalNumber(signal), stdout: stdout.bytes(), stderr: stderr.bytes() });
    });
  });
}

/** Runs a program that has to succeed, and returns what it wrote to stdout. */
export async function output(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(argv, options);
  if (result.exitCode !== 0) {
    const said = result.stderr.toString().trim().split('\n').slice(-12).join('\n');
    throw new GoldenError('command-failed', `${argv.slice(0, 3).join(' ')} ended with exit code ${result.exitCode}${said ? `:\n${said}` : ''}`);
  }
  return result.stdout.toString();
}

/** Ends a process and all of its group; for processes started with `detached`. */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (child.pid === undefined) { return; }
  try { process.kill(-child.pid, signal); } catch { /* it is gone already */ }
}

/**
 * Wakes a process that enters a machine, again and again; for processes started with `detached`. A machine that shuts down stops
 * all its processes for a moment. nsenter, which waits for one of them outside, then stops itself, where that machine cannot wake
 * it; the dead process stays, and the shutdown waits for it for ever.
 */
export function keepAwake(child: ChildProcess): void {
  const timer = setInterval(() => killGroup(child, 'SIGCONT'), WAKE_MS);
  child.once('close', () => clearInterval(timer));
}

export function startError(command: string, error: NodeJS.ErrnoException): GoldenError {
  if (error.code !== 'ENOENT') { return new GoldenError('start-failed', `${command} could not be started: ${error.message}`, { cause: error }); }
  const debian = DEBIAN_PACKAGE[command];
  return new GoldenError('missing-tool', `${command} is not installed`, {
    hint: debian ? `Install it: apt-get install ${debian}` : `Install ${command}, or put it on the PATH.`,
    cause: error,
  });
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === 'SIGKILL' ? 9 : signal === 'SIGTERM' ? 15 : signal === 'SIGINT' ? 2 : 1;
}

/** Keeps the last bytes of a stream. */
class Tail {
  private readonly pieces: Buffer[] = [];
  private size = 0;

  constructor(private readonly limit: number) {}

  add(data: Buffer): void {
    this.pieces.push(data);
    this.size += data.length;
    while (this.size - this.pieces[0].length >= this.limit) { this.size -= this.pieces.shift()!.length; }
  }

  bytes(): Buffer {
    const all = Buffer.concat(this.pieces);
    return all.subarray(Math.max(0, all.length - this.limit));
  }
}
