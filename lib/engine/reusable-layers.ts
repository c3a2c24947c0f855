import { existsSync } from 'fs';
import { join } from 'path';
import type { BuildKeys } from '../plan/keys';
import type { Plan } from '../plan/model';
import { fetchFolder } from './instructions/get';

/**
 * The keys of the layers that a build may start from: those behind a `get` whose file is not there any more are of no use,
 * since nobody would fetch it.
 */
export function reusableLayers(plan: Plan, keys: BuildKeys, outputFolder: string): BuildKeys {
  const missing = plan.definition.instructions.findIndex((instruction) =>
    instruction.type === 'get' && !existsSync(join(fetchFolder(outputFolder, plan.image), instruction.destination)));
  return missing < 0 ? keys : { ...keys, layers: keys.layers.slice(0, missing + 1) };
}
