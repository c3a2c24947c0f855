import { writeFileSync } from 'fs';
import { join } from 'path';
import { Names, type ISynthesisSession } from 'aws-cdk-lib';
import { ArtifactType } from 'aws-cdk-lib/cloud-assembly-schema';
import type { IConstruct } from 'constructs';
import { stageAsset } from './asset-staging';
import { canonicalJson } from '../../plan/canonical-json';
import { PLAN_FILE_SUFFIX, type Plan } from '../../plan/model';

/** Writes a plan and its assets into the cloud assembly, and lists the plan in its manifest. */
export function writePlan(session: ISynthesisSession, image: IConstruct, plan: Plan, assets: ReadonlyMap<string, string>): void {
  const file = `${Names.nodeUniqueId(image.node)}${PLAN_FILE_SUFFIX}`;
  for (const [digest, source] of assets) { stageAsset(session.outdir, digest, source); }
  writeFileSync(join(session.outdir, file), `${canonicalJson(plan, 2)}\n`);
  // No command of CDK reads artifacts of this type; ours does.
  session.assembly.addArtifact(file, { type: ArtifactType.NONE, displayName: image.node.path, properties: { file } });
}
