import { randomBytes } from 'crypto';
import { constants } from 'os';
import { PassThrough, type Readable, type Writable } from 'stream';
import { setTimeout as sleep } from 'timers/promises';
import type { ClientChannel } from 'ssh2';
import type { SshConnection } from './ssh-connection';
import { GoldenError } from '../../errors';
import { quote } from '../../plan/shell';

/** Ending a command must not take longer than noticing that the machine is gone. */
const KILL_MS = 5000;

/** Says its process group on stderr, so that it can be ended: SSH has no way that works through sudo. */
const ANNOUNCE = `read -r _ _ _ _ group _ < /proc/$$/stat
echo "$1 $group" >&2
eval "shift 2
$2"`;

export interface StartOptions {
  /** Where it is not root, the command runs through sudo. */
  readonly user: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** A command that runs on the machine. */
export class RemoteCommand {
  static start(connection: SshConnection, command: string, options: StartOptions): Promise<RemoteCommand> {
    const mark = randomBytes(8).toString('hex');
    const argv = `sh -c ${quote(ANNOUNCE)} sh ${mark} ${quote(command)}`;
    return connection.channel(asRoot(argv, options.user), options, (channel) => new RemoteCommand(connection, channel, mark, options.user));
  }

  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr = new PassThrough();
  /** The exit code, when all output has been read. Rejects with `connection-lost`. */
  readonly ended: Promise<number>;
  /** Shell that removes what the command would, had it not been killed. */
  leftByKill = '';
  /** Nothing where the command ended before it began. */
  private readonly group: Promise<number | undefined>;

  private constructor(private readonly connection: SshConnection, channel: ClientChannel, mark: string, private readonly user: string) {
    this.stdin = channel;
    this.stdout = channel;
    channel.on('error', () => { /* its end says the same */ });
    let exitCode: number | undefined;
    channel.once('exit', (code: number | null, signal?: string) => { exitCode = code ?? 128 + signalNumber(signal); });
    this.ended = new Promise((resolve, reject) => {
      channel.once('close', () => (exitCode === undefined ? reject(connectionLost()) : resolve(exitCode)));
    });
    this.ended.catch(() => { /* whoever waits for it is told */ });
    this.group = this.readStderr(channel.stderr, mark);
  }

  /** Ends the command with all of its process group, and drops what it still writes. Does nothing where it cannot be reached. */
  async kill(): Promise<void> {
    this.stdout.unpipe();
    this.stdout.resume();
    this.stderr.resume();
    const killed = async () => {
      const group = await this.group;
      if (group !== undefined) {
        // The shell's own: kill(1) of Debian 12 takes no group after its options.
        const kill = `sh -c ${quote(`kill -s KILL -- -${group}\n${this.leftByKill}`)}`;
        await this.connection.channel(asRoot(kill, this.user), { timeoutMs: KILL_MS, urgent: true }, (channel) => {
          channel.resume().stderr.resume();
        });
      }
      await this.ended;
    };
    const patience = new AbortController();
    await Promise.race([killed().catch(() => undefined), sleep(KILL_MS, undefined, { signal: patience.signal })]);
    patience.abort();
    this.stdout.destroy();
  }

  /** What comes before the announcement is not of the command: a login shell's or sudo's complaints. */
  private readStderr(stderr: Readable, mark: string): Promise<number | undefined> {
    return new Promise((resolve) => {
      let before = Buffer.alloc(0);
      const end = () => { this.stderr.end(before); resolve(undefined); };
      const read = (data: Buffer) => {
        before = Buffer.concat([before, data]);
        const announcement = new RegExp(`${mark} (\\d+)\n`).exec(before.toString('latin1'));
        if (!announcement) { return; }
        stderr.off('data', read).off('end', end);
        this.stderr.write(before.subarray(announcement.index + announcement[0].length));
        stderr.pipe(this.stderr);
        resolve(Number(announcement[1]));
      };
      stderr.on('data', read).once('end', end);
    });
  }
}

export function asRoot(command: string, user: string): string {
  return user === 'root' ? `exec ${command}` : `exec sudo -n -- ${command}`;
}

export function signalNumber(name: string | undefined): number {
  return name === undefined ? 1 : constants.signals[`SIG${name.replace(/^SIG/, '')}` as NodeJS.Signals] ?? 1;
}

export function connectionLost(): GoldenError {
  return new GoldenError('connection-lost', 'The connection to the machine was lost before the command ended');
}
