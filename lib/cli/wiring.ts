import { basename, join } from 'path';
import { stateInFolder } from '../engine/state-folder';
import { GoldenError } from '../errors';
import { run } from '../process';
import { requireCompiled } from './code-cache';
import { codeFolder } from './state-place';
import type { HostFactory, StateFactory, Surroundings } from './surroundings';
import type { Clock } from '../ports/clock';
import type { CommunicatorFactory } from '../ports/communicator';
import type { LocalRunner } from '../ports/local-runner';

/** Whether this is all of the building half in one file, but for what EC2 needs. */
const isBundle = !basename(__filename).startsWith('wiring.');

/* The one place that knows the hosts and communicators there are. What is heavy is loaded when it is used, not before. */
/* eslint-disable @typescript-eslint/no-require-imports */
const sandboxRoom = () => require('../hosts/sandbox/sandbox-host') as typeof import('../hosts/sandbox/sandbox-host');
const examinationRoom = () => require('../hosts/sandbox/examination') as typeof import('../hosts/sandbox/examination');
const execRoom = () => require('../communicators/exec/exec-communicator') as typeof import('../communicators/exec/exec-communicator');
const sshRoom = () => require('../communicators/ssh/ssh-communicators') as typeof import('../communicators/ssh/ssh-communicators');
const ec2Wiring = () => (isBundle
  ? requireCompiled(join(__dirname, 'ec2-wiring.js'), codeFolder(process.env, process.argv.slice(2))) : require('./ec2-wiring')
) as typeof import('./ec2-wiring');
/* eslint-enable @typescript-eslint/no-require-imports */

/** Makes the host that the command line names. */
export const wireHost: HostFactory = async (options) => {
  switch (options.kind) {
    case 'sandbox': {
      const { SandboxHost } = sandboxRoom();
      const { execCommunicators } = execRoom();
      const host = new SandboxHost({ ...options, hostLoopback: options.allowHostLoopback });
      return {
        host,
        machineOf: async (build) => {
          const machine = host.findMachine(build);
          return machine && { machine, communicator: execCommunicators.open(machine) };
        },
        show: async (view, context) => {
          const shown = await host.showImage(view, context);
          return { ...shown, communicator: execCommunicators.open(shown.machine) };
        },
        communicators: async () => ({ provision: execCommunicators, bootTest: sshWhenUsed() }),
      };
    }
    case 'ec2':
      return ec2Wiring().wireEc2(options);
    default:
      throw new GoldenError('unknown-host', `There is no host ${options.kind}`, { kind: 'usage', hint: 'Hosts: sandbox, ec2.' });
  }
};

/** Opens the records and locks of builds: on this computer, or where the location says. */
export const openStateStore: StateFactory = async ({ location, ...options }) => {
  if (location === undefined) { return stateInFolder(options.stateFolder, options.clock); }
  if (location.startsWith('s3://')) { return ec2Wiring().openS3State({ location, ...options }); }
  throw new GoldenError('invalid-option', `--state ${location} is not understood`, { kind: 'usage', hint: 'Write --state s3://BUCKET/PREFIX' });
};

/** Looks at what this computer can do. */
export const examineComputer: Surroundings['examineComputer'] = (folder) => examinationRoom().examineSandbox(folder);

/** Asks AWS who calls. */
export const askCallersPlace: Surroundings['callersPlace'] = (options) => ec2Wiring().callersPlace(options);

/** An SSH implementation takes longer to load than it takes to see that an image is unchanged. */
function sshWhenUsed(): CommunicatorFactory {
  let factory: CommunicatorFactory | undefined;
  const load = () => factory ??= sshRoom().sshCommunicators();
  return {
    kind: 'ssh',
    get requirements() { return load().requirements; },
    open: (machine) => load().open(machine),
  };
}

/** The real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) => new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(new GoldenError('interrupted', 'The pause was interrupted', { kind: 'interrupted' }));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    if (signal?.aborted) { abort(); }
    signal?.addEventListener('abort', abort, { once: true });
  }),
};

/** Runs `local` instructions on this machine. */
export function localRunner(environment: NodeJS.ProcessEnv): LocalRunner {
  return {
    run: async (command, options) => {
      const { exitCode } = await run(command, {
        cwd: options.workingDirectory,
        env: { ...environment, ...options.environment },
        timeoutMs: options.timeoutMs,
        signal: options.signal,
        onStdout: (data) => options.onOutput('stdout', data),
        onStderr: (data) => options.onOutput('stderr', data),
      });
      return { exitCode };
    },
  };
}
