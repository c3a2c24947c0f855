import { existsSync } from 'fs';
import { join } from 'path';
import type { BuildRequest } from './build-request';
import type { BuildKeys } from '../plan/keys';
import type { Plan } from '../plan/model';
import { fetchFolder } from './instructions/get';

/**
 * The keys of the layers that a build may start from: those behind a `get` whose file is not there any more are of no use,
 * since nobody would fetch it.
 */
function reusableLayers(plan: Plan, keys: BuildKeys, outputFolder: string): BuildKeys {
  const missing = plan.definition.instructions.findIndex((instruction) =>
    instruction.type === 'get' && !existsSync(join(fetchFolder(outputFolder, plan.image), instruction.destination)));
  return missing < 0 ? keys : { ...keys, layers: keys.layers.slice(0, missing + 1) };
}

/** Index of the deepest layer that there is to start from. */
export function deepestLayer({ plan, host, outputFolder }: Pick<BuildRequest, 'plan' | 'host' | 'outputFolder'>, keys: BuildKeys): Promise<number> {
  return host.findLayer(reusableLayers(plan, keys, outputFolder));
}

/** Index of the layer that a build starts from: the source itself, where it is not to use what others made. */
export async function firstLayer(request: BuildRequest, keys: BuildKeys): Promise<number> {
  return request.useCache ? deepestLayer(request, keys) : 0;
}
