import { realpathSync, writeFileSync } from 'fs';
import { isAbsolute, join, relative, resolve, sep } from 'path';
import { Names, type ISynthesisSession } from 'aws-cdk-lib';
import { ArtifactType } from 'aws-cdk-lib/cloud-assembly-schema';
import type { IConstruct } from 'constructs';
import { stageAsset } from './asset-staging';
import { canonicalJson } from '../../plan/canonical-json';
import { withKeyPaths } from '../../plan/key-paths';
import { PLAN_FILE_SUFFIX, type Plan } from '../../plan/model';
import { withRootTarPath } from '../../plan/root-tar-path';

/** Name of the file of an image's plan, below the folder of its assembly. */
export function planFileOf(image: IConstruct): string {
  return `${Names.nodeUniqueId(image.node)}${PLAN_FILE_SUFFIX}`;
}

/** Writes a plan and its assets into the cloud assembly, and lists the plan in its manifest. */
export function writePlan(session: ISynthesisSession, image: IConstruct, plan: Plan, assets: ReadonlyMap<string, string>): void {
  const file = planFileOf(image);
  for (const [digest, source] of assets) { stageAsset(session.outdir, digest, source); }
  const portable = withKeyPaths(
    withRootTarPath(plan, (path) => (isAbsolute(path) ? path : fromFolder(session.outdir, path))),
    (path) => fromFolder(session.outdir, path),
  );
  writeFileSync(join(session.outdir, file), `${canonicalJson(portable, 2)}\n`);
  // No command of CDK reads artifacts of this type; ours does.
  session.assembly.addArtifact(file, { type: ArtifactType.NONE, displayName: image.node.path, properties: { file } });
}

/** A path that starts at the folder that the app runs in, as it is to be said from another folder. */
function fromFolder(folder: string, path: string): string {
  return relative(realpathSync(folder), resolve(path)).split(sep).join('/');
}
