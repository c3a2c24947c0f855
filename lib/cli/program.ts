import { cpus } from 'os';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { ApplyOptions } from './commands/apply';
import type { BuildOptions } from './commands/build';
import type { DestroyOptions } from './commands/destroy';
import type { DoctorOptions } from './commands/doctor';
import type { GcOptions } from './commands/gc';
import type { IamOptions } from './commands/iam';
import type { ListOptions } from './commands/list';
import type { LogsOptions } from './commands/logs';
import type { MachineOptions } from './commands/machine-options';
import type { PlanOptions } from './commands/plan';
import type { ResumeOptions } from './commands/resume';
import type { AppOptions } from './commands/selected-plans';
import type { ServeCommandOptions } from './commands/serve';
import { EXIT_CODES_HELP } from './exit-codes';
import type { Surroundings } from './surroundings';
import { VERSION } from './version';

/* A command is loaded when it is asked for: most of what one needs, another does not. */
/* eslint-disable @typescript-eslint/no-require-imports */
const synth = () => require('./commands/synth') as typeof import('./commands/synth');
const plan = () => require('./commands/plan') as typeof import('./commands/plan');
const build = () => require('./commands/build') as typeof import('./commands/build');
const apply = () => require('./commands/apply') as typeof import('./commands/apply');
const serve = () => require('./commands/serve') as typeof import('./commands/serve');
const validate = () => require('./commands/validate') as typeof import('./commands/validate');
const list = () => require('./commands/list') as typeof import('./commands/list');
const gc = () => require('./commands/gc') as typeof import('./commands/gc');
const logs = () => require('./commands/logs') as typeof import('./commands/logs');
const shell = () => require('./commands/shell') as typeof import('./commands/shell');
const exec = () => require('./commands/exec') as typeof import('./commands/exec');
const cp = () => require('./commands/cp') as typeof import('./commands/cp');
const resume = () => require('./commands/resume') as typeof import('./commands/resume');
const destroy = () => require('./commands/destroy') as typeof import('./commands/destroy');
const doctor = () => require('./commands/doctor') as typeof import('./commands/doctor');
const iam = () => require('./commands/iam') as typeof import('./commands/iam');
/* eslint-enable @typescript-eslint/no-require-imports */

/** The command line: what can be asked for, and which command answers. */
export function makeProgram(surroundings: Surroundings, ended: (exitCode: number) => void): Command {
  const program = new Command('golden')
    .description('Builds the machine images that a CDK app declares, and proves them.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureOutput({ writeOut: (text) => surroundings.stdout.write(text), writeErr: (text) => surroundings.stderr.write(text) })
    .exitOverride()
    .addHelpText('after', `\nExamples:
  golden build                         build all images of the app that cdk.json names
  golden build 'Web*/**' --boot-test   build some, and boot each before it is published
  golden build --host ec2              build AMIs
  golden plan                          show what a build would run, and what is cached
  golden build --on-error ask          be asked what becomes of a failure: retry, skip, shell, end
  golden logs --follow                 what the last build prints, instruction by instruction
  golden shell Web/Image               enter the machine of a build, or look into the image
  golden resume                        finish builds that were killed
  golden doctor                        say what this computer can do, and what it lacks

${EXIT_CODES_HELP}`);

  withApp(forImages(program, 'synth').addOption(profileOption()).description('synthesise the app, and list the plans of its images'))
    .action((images: string[], options: AppOptions) => synth().synthCommand(images, options, surroundings).then(ended));

  withValues(withHost(withApp(forImages(program, 'plan').description('show what a build would run, what is cached, and why'))))
    .option('--no-cache', 'as if nothing were cached')
    .addOption(newerSourceOption())
    .option('--json', 'print JSON')
    .action((images: string[], options: PlanOptions) => plan().planCommand(images, options, surroundings).then(ended));

  withValues(withHost(withApp(forImages(program, 'build').description('build images'))))
    .addOption(parallelOption())
    .addOption(stateOption())
    .addOption(new Option('--on-error <what>', 'what becomes of a failure: the machine is removed or left running, or you are asked')
      .choices(['cleanup', 'abort', 'ask']).default('cleanup'))
    .option('--debug', 'stop before each instruction, and wait')
    .option('--no-cache', 'use neither layers nor artifacts of earlier builds')
    .addOption(newerSourceOption())
    .addOption(aliasOption())
    .option('--boot-test', 'boot the finished image and run its checks again before it is published')
    .option('--allow-host-loopback', 'let sandbox machines reach the loopback of this machine, at 10.0.2.2')
    .option('--json', 'print events, one JSON object a line; the last of each image is build.finished')
    .action((images: string[], options: BuildOptions) => build().buildCommand(images, options, surroundings).then(ended));

  program.command('apply', { hidden: true }).description('what cdk deploy runs: build the image of a plan, and print the path of a receipt')
    .requiredOption('--plan <file>', 'the plan, in its assembly')
    .option('--any-environment', 'build in whatever account and region the credentials are for, where the stack names none')
    .addOption(profileOption())
    .option('--role-arn <arn>', 'role to assume for all that is done')
    .addOption(stateOption())
    .addOption(stagingBucketOption())
    .addOption(outputOption())
    .addOption(newerSourceOption())
    .addOption(aliasOption())
    .action((options: ApplyOptions) => apply().applyCommand(options, surroundings).then(ended));

  withValues(withHost(withApp(program.command('serve', { hidden: true }).description('what tests of images run: a machine that answers requests'))))
    .argument('<image>', 'construct path of the image')
    .addOption(stateOption())
    .option('--no-cache', 'use neither layers nor artifacts of earlier builds')
    .option('--no-checks', 'hand the machine over whatever the checks of the image say')
    .option('--allow-host-loopback', 'let sandbox machines reach the loopback of this machine, at 10.0.2.2')
    .action((image: string, options: ServeCommandOptions) => serve().serveCommand(image, options, surroundings).then(ended));

  withApp(forImages(program, 'validate').addOption(profileOption()).description('check plans and their assets, and print all faults'))
    .action((images: string[], options: AppOptions) => validate().validateCommand(images, options, surroundings).then(ended));

  withApp(forImages(program, 'list').addOption(profileOption()).description('list images, and the artifacts there are'))
    .addOption(outputOption())
    .option('--json', 'print JSON')
    .action((images: string[], options: ListOptions) => list().listCommand(images, options, surroundings).then(ended));

  program.command('resume').description('finish builds that were killed: from what they captured, else from their last layer')
    .argument('[builds...]', 'IDs of builds (default: all that were killed)')
    .addOption(parallelOption())
    .addOption(stateOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .option('--list', 'only list them')
    .option('--json', 'print events, one JSON object a line; the last of each image is build.finished')
    .action((builds: string[], options: ResumeOptions) => resume().resumeCommand(builds, options, surroundings).then(ended));

  program.command('logs').description('print what a build printed: one that runs, that ended or that was killed')
    .argument('[build-or-image]', 'ID of a build, or construct path of an image, whose last build is meant (default: the last build)')
    .option('-f, --follow', 'go on as long as the build runs')
    .option('--instruction <path>', 'only what the instructions of this construct printed')
    .option('--json', 'print events, one JSON object a line, as golden build --json does')
    .action((name: string | undefined, options: LogsOptions) => logs().logsCommand(name, options, surroundings).then(ended))
    .addHelpText('after', `\nLogs are kept on the computer that builds, of the last 50 builds, without secrets. Of an instruction that prints more than
1 MiB the beginning and the end are kept.`);

  onMachine(program.command('shell').description('open a root shell on the machine of a build, or look into an image'))
    .action((name: string, options: MachineOptions) => shell().shellCommand(name, options, surroundings).then(ended))
    .addHelpText('after', MACHINES_HELP);

  onMachine(program.command('exec').description('run a command as root on the machine of a build, or of an image, with stdin, stdout and stderr of this one'))
    .argument('<command...>', 'command with its arguments; write -- before it')
    .action((name: string, command: string[], options: MachineOptions) => exec().execCommand(name, command, options, surroundings).then(ended))
    .addHelpText('after', `\nExample: golden exec Web/Image -- journalctl -u nginx\nIt ends with the exit code of the command.\n${MACHINES_HELP}`);

  withMachines(program.command('cp').description('copy a file or a folder from or to the machine of a build, or from an image'))
    .argument('<source>', 'BUILD-OR-IMAGE:/path, or a path here')
    .argument('<destination>', 'a path here, or BUILD-OR-IMAGE:/path')
    .action((source: string, destination: string, options: MachineOptions) => cp().cpCommand(source, destination, options, surroundings).then(ended))
    .addHelpText('after', `\nExamples:
  golden cp Web/Image:/etc/nginx ./nginx    into a new folder nginx, or below it where it is there
  golden cp site.conf Web/Image:/etc/nginx/conf.d/
What comes from a machine is written nowhere else, and over no folder. What goes to one belongs to root.\n${MACHINES_HELP}`);

  program.command('gc').description('remove what builds that were killed left behind')
    .addOption(hostOption())
    .addOption(outputOption())
    .addOption(stateOption())
    .option('--region <region>', 'region to look in (default: that of the environment); may be repeated', collect)
    .addOption(profileOption())
    .addOption(stagingBucketOption())
    .action((options: GcOptions) => gc().gcCommand(options, surroundings).then(ended));

  program.command('doctor').description('say what this computer can do, how, and the one command that adds what is missing')
    .addOption(regionOption())
    .addOption(profileOption())
    .option('--json', 'print JSON')
    .action((options: DoctorOptions) => doctor().doctorCommand(options, surroundings).then(ended));

  withAccount(withApp(forImages(program, 'destroy').description('remove the published images, with all that belongs to them; none that is in use')))
    .addOption(hostOption('ec2'))
    .addOption(outputOption())
    .option('--image <path>', 'construct path of an image whose app is gone; no app is synthesised; may be repeated', collect)
    .option('--dry-run', 'only say what would be removed')
    .option('--yes', 'remove it')
    .action((images: string[], options: DestroyOptions) => destroy().destroyCommand(images, options, surroundings).then(ended));

  withAccount(withApp(forImages(program, 'iam').description('print the IAM policies that building the images needs, and no more')))
    .addOption(hostOption('ec2'))
    .addOption(outputOption())
    .addOption(stateOption())
    .action((images: string[], options: IamOptions) => iam().iamCommand(images, options, surroundings).then(ended));

  return program;
}

const MACHINES_HELP = `
Meant is the machine of the build that runs; else the one that a build left, by --on-error abort or when it was killed; else, on the
sandbox host, one that is started with the finished image, or with what a failed build saved last, and is thrown away.
A build that runs here is entered by its own connection. Whatever may change its machine needs --no-publish: an image that is not
what its definition says is neither published nor cached.`;

function onMachine(command: Command): Command {
  return withMachines(command.argument('<build-or-image>', 'ID of a build, or construct path of an image'));
}

function withMachines(command: Command): Command {
  return command
    .option('--no-publish', 'enter a build that runs: it goes on, and its image is not published')
    .addOption(outputOption())
    .addOption(stateOption())
    .addOption(regionOption())
    .addOption(profileOption());
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
  return withAccount(command.addOption(hostOption()).addOption(outputOption()));
}

function withAccount(command: Command): Command {
  return command
    .addOption(regionOption())
    .addOption(profileOption())
    .addOption(stagingBucketOption());
}

function withValues(command: Command): Command {
  return command
    .option('--parameter <name=value>', 'value of a parameter; may be repeated', collect)
    .option('--secret <name=place>', 'where a secret is read from: env:VARIABLE or file:PATH; may be repeated', collect);
}

function hostOption(host = 'sandbox'): Option {
  return new Option('--host <host>', 'where machines come from: sandbox or ec2').default(host);
}

function regionOption(): Option {
  return new Option('--region <region>', 'region to work in (default: that of the stack, else of the environment)');
}

function profileOption(): Option {
  return new Option('--profile <profile>', 'profile of the AWS configuration (default: that of the environment)');
}

function stagingBucketOption(): Option {
  return new Option('--staging-bucket <bucket>', 'bucket for files on their way to a machine (default: one that is made when it is needed)');
}

function newerSourceOption(): Option {
  return new Option('--newer-source', 'start from what the source is now, not from what it was when the image was first built in this account and region');
}

function aliasOption(): Option {
  return new Option('--alias <name>', 'SSM parameter that is to name the image, where it is there');
}

function stateOption(): Option {
  return new Option('--state <place>', 'where records and locks of builds are kept: s3://BUCKET/PREFIX (default: on this computer)');
}

function parallelOption(): Option {
  return new Option('--parallel <n>', 'builds that run at the same time').argParser(wholeNumber).default(Math.max(1, Math.floor(cpus().length / 2)));
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
