import { Token } from 'aws-cdk-lib';
import type { Author } from './author';
import type { RunInstruction } from '../../plan/instructions';
import { ENVIRONMENT_NAME } from '../../plan/names';
import type { ShellProps } from '../provisioners/shell-props';

/** Records faults in the names of environment variables, which come from one place or several. */
export function expectVariables(groups: readonly object[], author: Author): void {
  const seen = new Set<string>();
  for (const variable of groups.flatMap((group) => Object.keys(group))) {
    author.expectForm(ENVIRONMENT_NAME, variable, 'invalid-variable', `${JSON.stringify(variable)} is not the name of an environment variable`,
      'Use letters, digits and underscores, and no digit at the start.');
    if (seen.has(variable)) {
      author.fault('duplicate-name', `The environment variable ${variable} is given twice`, 'Give it in one of environment, parameters and secrets.');
    }
    seen.add(variable);
  }
}

/** The variables of a script: what is known at synthesis as it is, the rest by its name in the plan. */
export function scriptVariables(props: ShellProps, author: Author): Pick<RunInstruction, 'environment' | 'parameters' | 'secrets'> {
  const environment: { [variable: string]: string } = {};
  const parameters: { [variable: string]: string } = {};
  const secrets: { [variable: string]: string } = {};
  for (const [variable, value] of Object.entries(props.environment ?? {})) {
    if (!isLate(variable, value)) { environment[variable] = value; continue; }
    keep(parameters, variable, author.lateText(value, `environment.${variable}`));
  }
  for (const [variable, ref] of Object.entries(props.parameters ?? {})) {
    const { _kind: kind, _reference: value, _type: type } = ref;
    if (kind === 'value' && !Token.isUnresolved(value)) {
      environment[variable] = value;
      if (type === 'number' && !Number.isFinite(Number(value))) { author.fault('invalid-parameter', `The parameter ${variable} has to be a number`, 'Give a number.'); }
      continue;
    }
    keep(parameters, variable, author.parameter(ref, `parameters.${variable}`));
  }
  for (const [variable, ref] of Object.entries(props.secrets ?? {})) { keep(secrets, variable, author.secret(ref, `secrets.${variable}`)); }
  return { environment, parameters, secrets };
}

/** A name that is a token is reported by the finished definition. */
function isLate(variable: string, value: string): boolean {
  return typeof value === 'string' && Token.isUnresolved(value) && !Token.isUnresolved(variable);
}

function keep(names: { [variable: string]: string }, variable: string, name: string | undefined): void {
  if (name !== undefined) { names[variable] = name; }
}
