import { cpus } from 'os';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { BuildOptions } from './commands/build';
import type { GcOptions } from './commands/gc';
import type { ListOptions } from './commands/list';
import type { PlanOptions } from './commands/plan';
import type { AppOptions } from './commands/selected-plans';
import { EXIT_CODES_HELP } from './exit-codes';
import type { Surroundings } from './surroundings';
import { VERSION } from './version';

/* A command is loaded when it is asked for: most of what one needs, another does not. */
/* eslint-disable @typescript-eslint/no-require-imports */
const synth = () => require('./commands/synth') as typeof import('./commands/synth');
const plan = () => require('./commands/plan') as typeof import('./commands/plan');
const build = () => require('./commands/build') as typeof import('./commands/build');
const validate = () => require('./commands/validate') as typeof import('./commands/validate');
const list = () => require('./commands/list') as typeof import('./commands/list');
const gc = () => require('./commands/gc') as typeof import('./commands/gc');
/* eslint-enable @typescript-eslint/no-require-imports */

/** The command line: what can be asked for, and which command answers. */
export function makeProgram(surroundings: Surroundings, ended: (exitCode: number) => void): Command {
  const program = new Command('golden')
    .description('Builds the machine images that a CDK app declares, and proves them.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .configureOutput({ writeOut: (text) => surroundings.stdout.write(text), writeErr: (text) => surroundings.stderr.write(text) })
    .exitOverride()
    .addHelpText('after', `\nExamples:
  golden build                         build all images of the app that cdk.json names
  golden build 'Web*/**' --boot-test   build some, and boot each before it is published
  golden plan                          show what a build would run, and what is cached

${EXIT_CODES_HELP}`);

  withApp(forImages(program, 'synth').description('synthesise the app, and list the plans of its images'))
    .action((images: string[], options: AppOptions) => synth().synthCommand(images, options, surroundings).then(ended));

  withValues(withHost(withApp(forImages(program, 'plan').description('show what a build would run, what is cached, and why'))))
    .option('--no-cache', 'as if nothing were cached')
    .option('--json', 'print JSON')
    .action((images: string[], options: PlanOptions) => plan().planCommand(images, options, surroundings).then(ended));

  withValues(withHost(withApp(forImages(program, 'build').description('build images'))))
    .option('--parallel <n>', 'builds that run at the same time', wholeNumber, Math.max(1, Math.floor(cpus().length / 2)))
    .addOption(new Option('--on-error <what>', 'what becomes of the machine of a failed build; abort leaves it running')
      .choices(['cleanup', 'abort']).default('cleanup'))
    .option('--no-cache', 'use neither layers nor artifacts of earlier builds')
    .option('--boot-test', 'boot the finished image and run its checks again before it is published')
    .option('--allow-host-loopback', 'let sandbox machines reach the loopback of this machine, at 10.0.2.2')
    .option('--json', 'print events, one JSON object a line; the last of each image is build.finished')
    .action((images: string[], options: BuildOptions) => build().buildCommand(images, options, surroundings).then(ended));

  withApp(forImages(program, 'validate').description('check plans and their assets, and print all faults'))
    .action((images: string[], options: AppOptions) => validate().validateCommand(images, options, surroundings).then(ended));

  withApp(forImages(program, 'list').description('list images, and the artifacts there are'))
    .addOption(outputOption())
    .option('--json', 'print JSON')
    .action((images: string[], options: ListOptions) => list().listCommand(images, options, surroundings).then(ended));

  withHost(program.command('gc').description('remove what builds that were killed left behind'))
    .action((options: GcOptions) => gc().gcCommand(options, surroundings).then(ended));

  return program;
}

function forImages(program: Command, name: string): Command {
  return program.command(name).argument('[images...]', 'construct paths of images; * and ** match parts of them (default: all)');
}

function withApp(command: Command): Command {
  return command
    .option('-a, --app <command>', 'command that synthesises the app, or the folder of an assembly (default: from cdk.json)')
    .option('-o, --assembly-output <folder>', 'folder for the assembly (default: from cdk.json, else "cdk.out")');
}

function withHost(command: Command): Command {
  return command
    .option('--host <host>', 'where machines come from', 'sandbox')
    .addOption(outputOption());
}

function withValues(command: Command): Command {
  return command
    .option('--parameter <name=value>', 'value of a parameter; may be repeated', collect)
    .option('--secret <name=place>', 'where a secret is read from: env:VARIABLE or file:PATH; may be repeated', collect);
}

function outputOption(): Option {
  return new Option('--output <folder>', 'folder for finished images').default('golden.out');
}

function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1) { return number; }
  throw new InvalidArgumentError('A whole number from 1 on is needed.');
}
