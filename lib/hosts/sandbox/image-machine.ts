import { rootTarId, type BaseSpec } from './base-spec';
import type { BaseStore } from './base-store';
import type { LayerStore } from './layer-store';
import type { SandboxFolder } from './sandbox-folder';
import { GoldenError } from '../../errors';
import type { Architecture } from '../../plan/model';
import type { HostContext, ImageView } from '../../ports/host';

export interface ImageStores {
  readonly folder: SandboxFolder;
  readonly bases: BaseStore;
  readonly layers: LayerStore;
}

/** What a machine that shows an image starts from: lower folders of its disk, the nearest first, and what that is, for people. */
export interface ImageDisk {
  readonly lowers: readonly string[];
  readonly description: string;
}

/** The finished image, where there is one; else what the last build of it saved last. Errors: `nothing-built`. */
export async function imageDisk({ image, artifact, layers }: ImageView, stores: ImageStores, context: HostContext): Promise<ImageDisk> {
  if (artifact) {
    const spec = artifactSpec(image, artifact);
    await stores.bases.prepare(spec, context);
    return { lowers: [stores.folder.baseRoot(spec.id)], description: `the finished image, build key ${artifact.buildKey.slice(0, 16)}` };
  }
  for (let index = layers.length - 1; index > 0; index--) {
    const lowers = await stores.layers.lowers(layers[index]);
    if (lowers) { return { lowers, description: `what the last build saved, after ${index} of ${layers.length - 1} instructions` }; }
  }
  throw new GoldenError('nothing-built', 'Neither a finished image nor a layer of it is on this computer', {
    path: image, kind: 'usage', hint: `golden build ${image}`,
  });
}

function artifactSpec(image: string, { rootTar }: NonNullable<ImageView['artifact']>): BaseSpec {
  const architecture: Architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  const source = { type: 'rootTar', location: rootTar.path, sha256: rootTar.sha256 } as const;
  return { id: rootTarId(source, architecture), description: `the finished image ${image}`, architecture, source };
}
