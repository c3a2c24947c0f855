import { Duration, Token } from 'aws-cdk-lib';
import type { RunInstruction } from '../../plan/instructions';
import { FileSource } from '../file-source';
import type { Author } from './author';
import type { Content } from './content';
import { expectVariables, scriptVariables } from './environment';
import { ABSOLUTE_PATH, ACCOUNT } from './forms';
import { holdsTokens, lateScript } from './late-text';
import type { ShellProps } from '../provisioners/shell-props';

type Interpreter = readonly [string, ...string[]];

/** One instruction for each script. */
export function shellInstructions(props: ShellProps, author: Author): RunInstruction[] {
  const settings = shellSettings(props, author);
  return scripts(props, author).flatMap((source) => {
    const content = author.content(source);
    if (!content) { return []; }
    if ('kind' in content.content && content.content.kind === 'directory') {
      author.fault('script-is-a-folder', `${JSON.stringify(source._path)} is a folder`, 'Give the path of one script.');
      return [];
    }
    const command = interpreter(props, content, author);
    if (!('text' in content.content) || !holdsTokens(content.content.text)) { return [{ ...settings, script: content.content, interpreter: command }]; }
    const late = lateScript(content.content.text, command, author);
    if (!late) { return []; }
    expectVariables([settings.environment, settings.parameters, settings.secrets, late.parameters], author);
    return [{ ...settings, parameters: { ...settings.parameters, ...late.parameters }, script: { text: late.text }, interpreter: command }];
  });
}

function scripts(props: ShellProps, author: Author): FileSource[] {
  const { inline, script, scripts: several } = props;
  const given = [inline, script, several].filter((way) => way !== undefined);
  const empty = given.length === 0 || several?.length === 0 || inline?.every((line) => line.trim() === '');
  if (given.length > 1) {
    author.fault('ambiguous-script', 'It has more than one of inline, script and scripts', 'Give one of them; use one provisioner for each.');
  } else if (empty) {
    author.fault('empty-provisioner', 'It has nothing to run', 'Give inline, script or scripts, or leave the provisioner out.');
  } else {
    return inline ? [FileSource.inline(`${inline.join('\n')}\n`)] : (several ?? [script!]).map((path) => FileSource.asset(path));
  }
  return [];
}

function shellSettings(props: ShellProps, author: Author): Omit<RunInstruction, 'script' | 'interpreter'> {
  const { user = 'root', retries = 0, validExitCodes = [0], workingDirectory } = props;
  expectVariables([props.environment ?? {}, props.parameters ?? {}, props.secrets ?? {}], author);
  author.expectForm(ACCOUNT, user, 'invalid-user', `${JSON.stringify(user)} is not the name of a user`, 'Give a login name, such as root.');
  if (workingDirectory !== undefined) {
    author.expectForm(ABSOLUTE_PATH, workingDirectory, 'relative-path',
      `The working directory ${workingDirectory} is relative`, 'Give an absolute path.');
  }
  if (!Token.isUnresolved(retries) && (!Number.isInteger(retries) || retries < 0)) {
    author.fault('invalid-retries', `${retries} is not a number of retries`, 'Give a whole number, 0 or more.');
  }
  const odd = validExitCodes.filter((code) => !Token.isUnresolved(code) && (!Number.isInteger(code) || code < 0 || code > 255));
  if (odd.length > 0 || validExitCodes.length === 0) {
    author.fault('invalid-exit-code', `${odd.join(', ') || 'An empty list'} cannot be a valid exit code`, 'Give whole numbers from 0 to 255.');
  }
  return {
    type: 'run',
    arguments: props.arguments ?? [],
    ...scriptVariables(props, author),
    user,
    workingDirectory,
    timeoutSeconds: Math.max(1, author.seconds(props.timeout ?? Duration.hours(1))),
    attempts: retries + 1,
    backoffSeconds: author.seconds(props.retryBackoff ?? Duration.seconds(5)),
    validExitCodes,
    expectDisconnect: props.expectDisconnect ?? false,
    origin: author.origin,
  };
}

function interpreter(props: ShellProps, content: Content, author: Author): Interpreter {
  if (props.interpreter) {
    const [command, ...args] = props.interpreter;
    if (command) { return [command, ...args]; }
    author.fault('empty-interpreter', 'The interpreter is empty', 'Give a command such as [\'/bin/bash\', \'-e\'], or leave it out.');
  }
  const { firstLine } = content;
  if (!firstLine.startsWith('#!') || Token.isUnresolved(firstLine)) { return ['/bin/sh', '-e']; }
  if (firstLine.endsWith('\r')) {
    author.fault('windows-line-ending', 'The script has Windows line endings', 'Save it with line feeds only; git\'s autocrlf may have changed it.');
  }
  // As the kernel reads it: a command, and all the rest as one argument.
  const [, command, argument] = /^#!\s*(\S+)\s*(.*?)\s*$/.exec(firstLine) ?? [];
  if (!command) { return ['/bin/sh', '-e']; }
  return argument ? [command, argument] : [command];
}
