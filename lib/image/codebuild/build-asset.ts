import { createHash } from 'crypto';
import { constants, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { basename, join } from 'path';
import { FileAssetPackaging, Stack, type FileAssetLocation, type ISynthesisSession } from 'aws-cdk-lib';
import { ArtifactType, Manifest } from 'aws-cdk-lib/cloud-assembly-schema';
import { assetEntries, entryPath } from '../../plan/asset';
import { canonicalJson, digestOf } from '../../plan/canonical-json';
import { ASSET_FOLDER } from '../../plan/model';
import { quoteAll } from '../../plan/shell';
import type { DeliveredImage } from '../delivery/bound-delivery';
import { ENGINE_FOLDER, engineFiles } from '../delivery/engine-files';

/** Puts back what a zip does not hold. Run in the folder of the source. */
export const RESTORE_SCRIPT = `${ENGINE_FOLDER}/restore.sh`;

/** Digests of files that do not change while an app runs. */
const digests = new Map<string, string>();

/**
 * What CodeBuild needs to build one image, as one asset of its stack: an assembly with nothing but its plan, the plan's own files,
 * and the engine.
 */
export class BuildAsset {
  private location?: Pick<FileAssetLocation, 'bucketName' | 'objectKey'>;

  constructor(private readonly image: DeliveredImage) {}

  /** The bucket that it is published in. */
  get bucketName(): string {
    return this.place.bucketName;
  }

  /** Its key in the bucket. */
  get objectKey(): string {
    return this.place.objectKey;
  }

  /** Puts the folder together, and lists it among the assets of the stack. The plan and its assets are in the assembly by now. */
  write(session: ISynthesisSession): void {
    const { planFile } = this.image;
    const hash = this.hash();
    const folder = join(session.outdir, folderName(hash));
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, ENGINE_FOLDER), { recursive: true });
    for (const file of engineFiles()) { copyFileSync(file, join(folder, ENGINE_FOLDER, basename(file)), constants.COPYFILE_FICLONE); }
    copyFileSync(join(session.outdir, planFile), join(folder, planFile));
    const digestsOfAssets = [...this.image.assets().keys()].sort();
    if (digestsOfAssets.length > 0) { mkdirSync(join(folder, ASSET_FOLDER)); }
    const restoring = digestsOfAssets.flatMap((digest) => copyForZip(join(session.outdir, ASSET_FOLDER, digest), folder, `${ASSET_FOLDER}/${digest}`));
    writeFileSync(join(folder, RESTORE_SCRIPT), Buffer.from(['set -e', ...restoring, ''].join('\n'), 'latin1'));
    writeFileSync(join(folder, 'manifest.json'), canonicalJson({
      version: Manifest.version(), artifacts: { [planFile]: { type: ArtifactType.NONE, properties: { file: planFile } } },
    }, 2));
    const { construct } = this.image;
    this.location = Stack.of(construct).synthesizer.addFileAsset({
      fileName: folderName(hash),
      packaging: FileAssetPackaging.ZIP_DIRECTORY,
      sourceHash: hash,
      displayName: `build of ${construct.node.path}`,
    });
  }

  /** Until the template is made the plan may change: stacks that use the image are found while references are resolved. */
  private get place(): Pick<FileAssetLocation, 'bucketName' | 'objectKey'> {
    return this.location ?? { bucketName: 'not-yet', objectKey: 'not-yet' };
  }

  private hash(): string {
    return digestOf({
      plan: this.image.plan(), planFile: this.image.planFile, assets: [...this.image.assets().keys()], engine: engineFiles().map(digestOfFile),
    });
  }
}

/**
 * Copies a file or folder to where it will be zipped. The zip has neither links nor empty folders nor, everywhere, modes: returned
 * are the commands that put them back.
 */
function copyForZip(source: string, folder: string, name: string): string[] {
  return assetEntries(source).flatMap((entry) => {
    const path = entry.path === '' ? name : `${name}/${entry.path}`;
    const to = entryPath(folder, path);
    if (entry.type === 'symlink') { return [`ln -s ${quoteAll(['--', entry.target!, path])}`]; }
    if (entry.type === 'directory') {
      mkdirSync(to, { recursive: true });
      return [`mkdir -p ${quoteAll(['--', path])}`];
    }
    copyFileSync(entryPath(source, entry.path), to, constants.COPYFILE_FICLONE);
    return entry.executable ? [`chmod 0755 ${quoteAll([path])}`] : [];
  });
}

/** In the folder of the stack's own assembly: the names of assets start there. */
function folderName(hash: string): string {
  return `golden-codebuild.${hash}`;
}

function digestOfFile(path: string): string {
  const digest = digests.get(path) ?? createHash('sha256').update(readFileSync(path)).digest('hex');
  digests.set(path, digest);
  return digest;
}
