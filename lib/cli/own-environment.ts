import { delimiter, dirname } from 'path';

/**
 * The variables of who calls. The runtime of jsii, which starts the command where it came with a Python package, puts the folder of
 * Node.js before their PATH; what else lies there, such as the system's python3, must not stand in for what they have chosen.
 */
export function ownEnvironment(environment: NodeJS.ProcessEnv, node = process.execPath): NodeJS.ProcessEnv {
  const { JSII_AGENT: startedByJsii, PATH = '' } = environment;
  const [first, ...others] = PATH.split(delimiter);
  if (!startedByJsii || first !== dirname(node) || others.length === 0) { return environment; }
  return { ...environment, PATH: [...others, first].join(delimiter) };
}
