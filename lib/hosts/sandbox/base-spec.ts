import { BASE_RECIPE_VERSION } from './base-recipe';
import { GoldenError } from '../../errors';
import { digestOf } from '../../plan/canonical-json';
import type { Architecture, MirrorSource, Plan, RootTarSource } from '../../plan/model';
import type { ResolvedSource } from '../../ports/host';

/** What a base is made of. */
export interface BaseSpec extends ResolvedSource {
  readonly architecture: Architecture;
  readonly source: MirrorSource & { readonly user: string } | RootTarSource;
}

/** Finds a root tar of a finished image with a definition hash. */
export type FindImage = (image: string, definitionHash: string) => Promise<RootTarSource | undefined>;

/**
 * What a plan's image starts from in a build on this machine.
 * Errors: `no-local-source`, `foreign-architecture`, `image-not-built`.
 */
export async function baseSpec(plan: Plan, findImage: FindImage): Promise<BaseSpec> {
  const { source, machine: { architecture } } = plan.definition;
  const here = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  if (architecture !== here) {
    throw new GoldenError('foreign-architecture', `The image is for ${architecture}, and this machine is ${here}`, {
      path: plan.image,
      hint: `Build it on a machine that is ${architecture}.`,
    });
  }
  if (source.type === 'image') {
    const found = await findImage(source.image, source.definitionHash);
    if (!found) {
      throw new GoldenError('image-not-built', `It starts from ${source.image}, which is not built yet as it is defined now`, {
        path: plan.image,
        hint: `Build it first: golden build ${source.image}`,
      });
    }
    return rootTarSpec(found, architecture, `${source.image} (${source.definitionHash.slice(0, 12)})`);
  }
  const local = source.local;
  if (!local) {
    throw new GoldenError('no-local-source', 'Its source has no counterpart for builds on this machine', {
      path: plan.image,
      kind: 'invalid',
      hint: 'Give the source a local counterpart (mirror suites, or a root tar with its SHA-256), or choose another host.',
    });
  }
  return local.type === 'mirror' ? mirrorSpec(local, source.user, architecture) : rootTarSpec(local, architecture, local.location);
}

function mirrorSpec(mirror: MirrorSource, user: string, architecture: Architecture): BaseSpec {
  return {
    id: digestOf({ ...mirror, packages: [...mirror.packages].sort(), user, architecture, recipe: BASE_RECIPE_VERSION }),
    description: `${mirror.distribution} ${mirror.suite} (mmdebstrap)`,
    architecture,
    source: { ...mirror, user },
  };
}

/** A root tar is taken as it is, so its bytes alone name the base that is made of it. */
export function rootTarId({ sha256 }: RootTarSource, architecture: Architecture): string {
  return digestOf({ rootTar: sha256, architecture });
}

function rootTarSpec(source: RootTarSource, architecture: Architecture, name: string): BaseSpec {
  return { id: rootTarId(source, architecture), description: `root tar ${name}`, architecture, source };
}
