import { existsSync } from 'fs';
import { dirname, join } from 'path';
import { InvalidPlanError, type Fault } from '../errors';
import { readAssetDigest } from '../plan/asset';
import type { AssetReference, Instruction } from '../plan/instructions';
import { ASSET_FOLDER, type Plan } from '../plan/model';

/** Folder with the assets of a plan, each under its digest. */
export function assetFolderOf(planFile: string): string {
  return join(dirname(planFile), ASSET_FOLDER);
}

/** Holds every asset of a plan against its digest. Throws one error that lists all that do not match. */
export async function verifyAssets(plan: Plan, planFile: string, signal?: AbortSignal): Promise<void> {
  const faults = new Map<string, Fault>();
  const known = new Set<string>();
  for (const instruction of plan.definition.instructions) {
    const reference = assetOf(instruction);
    if (!reference || known.has(reference.asset)) { continue; }
    known.add(reference.asset);
    const path = join(assetFolderOf(planFile), reference.asset);
    const message = !existsSync(path) ? `The asset ${path} does not exist`
      : await readAssetDigest(path, signal) !== reference.asset ? `The asset ${path} was changed after synthesis` : undefined;
    if (message === undefined) { continue; }
    const code = existsSync(path) ? 'changed-asset' : 'missing-asset';
    faults.set(path, { code, message, hint: 'Synthesise the app again.', path: `${plan.image}/${instruction.origin}` });
  }
  if (faults.size > 0) { throw new InvalidPlanError(planFile, [...faults.values()]); }
}

function assetOf(instruction: Instruction): AssetReference | undefined {
  const content = instruction.type === 'run' ? instruction.script : instruction.type === 'put' ? instruction.content : undefined;
  return content && 'asset' in content ? content : undefined;
}
