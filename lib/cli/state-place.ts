import { homedir } from 'os';
import { join } from 'path';

/** Where bases, layers, journals and locks are kept: GOLDEN_HOME, else below the user's cache. */
export function stateFolder(environment: NodeJS.ProcessEnv): string {
  return environment.GOLDEN_HOME ?? join(environment.XDG_CACHE_HOME ?? join(environment.HOME ?? homedir(), '.cache'), 'golden');
}

/** Where code of ours is kept compiled. Each command uses other functions of it, and only those that were used are kept. */
export function codeFolder(environment: NodeJS.ProcessEnv, [command = '']: readonly string[]): string {
  return join(stateFolder(environment), 'code', /^[a-z]+$/.test(command) ? command : 'other');
}
