import type { Author } from './author';
import { ENVIRONMENT_NAME } from '../../plan/names';

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
