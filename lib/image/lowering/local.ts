import { Duration, Token } from 'aws-cdk-lib';
import type { Author } from './author';
import { expectVariables } from './environment';
import type { LocalInstruction } from '../../plan/instructions';
import type { LocalProps } from '../provisioners/local-props';

/** The one instruction of a command on the computer that builds; undefined where a fault prevents it. */
export function localInstruction(props: LocalProps, author: Author): LocalInstruction | undefined {
  const { environment = {}, timeout = Duration.hours(1) } = props;
  const [program, ...args] = props.command;
  expectVariables([environment], author);
  if (!program && !Token.isUnresolved(props.command)) {
    author.fault('empty-provisioner', 'It has no command to run', 'Give one such as [\'make\', \'release\'], or leave the provisioner out.');
    return undefined;
  }
  return { type: 'local', command: [program, ...args], environment, timeoutSeconds: Math.max(1, author.seconds(timeout)), origin: author.origin };
}
