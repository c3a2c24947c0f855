import { checkOf, type CheckData } from './check-data';
import { GoldenProcess } from './golden-process';
import { assemblyOf, type ImageConstruct, type ImageOfApp } from './image-assembly';
import { fileScript, parseFile, type MachineFile } from './machine-file';

export type { CheckData, ImageConstruct, ImageOfApp, MachineFile };

/** How a machine is made for tests. */
export interface TestMachineOptions {
  /** Values of parameters, by their names in the plan, such as `ssm:/agent/stage`. @default none */
  readonly parameters?: { readonly [name: string]: string };
  /** Values of secrets, by their names in the plan. They are in no command line, file or message. @default none */
  readonly secrets?: { readonly [name: string]: string };
  /** Whether the checks of the image are held before the machine is handed over. @default true */
  readonly checks?: boolean;
  /** Whether layers of earlier builds are used. @default true */
  readonly cache?: boolean;
  /** Whether the machine reaches the loopback of this computer, at 10.0.2.2. @default false */
  readonly allowHostLoopback?: boolean;
  /** Folder for what other images leave that it starts from, and for what it fetches from its machine. @default "golden.out" */
  readonly output?: string;
  /** Gets each line that a build would print. @default nobody is told */
  readonly onProgress?: (line: string) => void;
}

/** How a command is run on a machine. */
export interface RunOptions {
  /** Who runs it. @default "root" */
  readonly user?: string;
  /** Variables beside those that the user has. @default none */
  readonly environment?: { readonly [name: string]: string };
  /** What it reads. @default nothing */
  readonly stdin?: string;
  /** Milliseconds. An error where it takes longer. @default 60000 */
  readonly timeoutMs?: number;
}

/** What came of a command. Of each stream the last 16 MiB are kept, as UTF-8. */
export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const RUN_MS = 60_000;
const REBOOT_MS = 300_000;

/**
 * A machine of an image, on the sandbox of this computer, for tests: booted from a disk that has all that the image declares. What
 * tests do to it is thrown away.
 *
 * @example
 *
 * const machine = await TestMachine.build(image);
 * try {
 *   expect(await machine.run('nginx -t')).toMatchObject({ exitCode: 0 });
 *   expect(await machine.file('/etc/motd')).toMatchObject({ mode: '0644', owner: 'root', text: 'hello\n' });
 *   await machine.check(Check.port('tcp:80'));
 * } finally {
 *   await machine.stop();
 * }
 */
export class TestMachine {
  /**
   * Makes a machine of an image. What the image declares is run as `golden build` would, once: what was run before comes of layers.
   * Where a provisioner or a check of the image fails, this throws what the build would say.
   *
   * The first time this takes as long as a build, then about a second. The machine is gone when `stop` was called, and when the
   * process that asked for it has ended, in whatever way.
   *
   * @param image an `AmiImage`, whose app is synthesised; or the path of one, and what synthesises its app
   * @param options how it is made
   */
  public static async build(image: ImageConstruct | ImageOfApp, options: TestMachineOptions = {}): Promise<TestMachine> {
    const of = assemblyOf(image);
    const secrets = Object.entries(options.secrets ?? {}).map(([name, value], i) => ({ name, value, variable: `GOLDEN_TEST_SECRET_${i}` }));
    const golden = await GoldenProcess.start({
      args: [
        'serve', '--app', of.app,
        ...Object.entries(options.parameters ?? {}).flatMap(([name, value]) => ['--parameter', `${name}=${value}`]),
        ...secrets.flatMap(({ name, variable }) => ['--secret', `${name}=env:${variable}`]),
        ...options.output === undefined ? [] : ['--output', options.output],
        ...options.checks === false ? ['--no-checks'] : [],
        ...options.cache === false ? ['--no-cache'] : [],
        ...options.allowHostLoopback ? ['--allow-host-loopback'] : [],
        '--', of.image,
      ],
      environment: Object.fromEntries(secrets.map(({ variable, value }) => [variable, value])),
      onLine: options.onProgress,
    });
    return new TestMachine(golden);
  }

  private constructor(private readonly golden: GoldenProcess) {}

  /**
   * Runs a command. An exit code is a result; that it takes too long is an error.
   *
   * @param command for `sh -c`
   * @param options who runs it, and how
   */
  public async run(command: string, options: RunOptions = {}): Promise<RunResult> {
    const { exitCode, stdout, stderr } = await this.execute(command, options);
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  }

  /**
   * Looks at a file, a folder or anything else.
   *
   * @param path absolute path
   */
  public async file(path: string): Promise<MachineFile> {
    const { exitCode, stdout, stderr } = await this.execute(fileScript(path));
    if (exitCode !== 0) { throw new Error(`${path} cannot be looked at: ${stderr.toString().trim()}`); }
    return parseFile(stdout);
  }

  /**
   * Holds checks against the machine. Throws where one fails, with the words of a build. Services have five seconds to come up.
   *
   * @param checks each a `Check`, or the same as data; without any, those of the image
   */
  public async check(...checks: (CheckData | object)[]): Promise<void> {
    await this.golden.ask<'done'>({ type: 'check', ...checks.length > 0 && { checks: checks.map(checkOf) } });
  }

  /** Restarts the machine, and returns when it has booted. */
  public async reboot(): Promise<void> {
    await this.golden.ask<'done'>({ type: 'reboot', timeoutMs: REBOOT_MS });
  }

  /** Removes the machine. May be called twice. */
  public async stop(): Promise<void> {
    await this.golden.stop();
  }

  private async execute(
    command: string, options: RunOptions = {},
  ): Promise<{ readonly exitCode: number; readonly stdout: Buffer; readonly stderr: Buffer }> {
    const { user = 'root', environment = {}, stdin = '', timeoutMs = RUN_MS } = options;
    const { exitCode, stdout, stderr } = await this.golden.ask<'ran'>({ type: 'run', command, user, environment, stdin, timeoutMs });
    return { exitCode, stdout: Buffer.from(stdout, 'base64'), stderr: Buffer.from(stderr, 'base64') };
  }
}
