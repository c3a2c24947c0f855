import { resolve } from 'path';
import { selectedPlans, type AppOptions } from './selected-plans';
import { artifactsOf, type StoredArtifact } from '../app/artifacts';
import { formatBytes } from '../reporting/figures';
import { shownPath } from '../reporting/shown-path';
import { table } from '../reporting/table';
import type { Surroundings } from '../surroundings';

export interface ListOptions extends AppOptions {
  readonly output: string;
  readonly json?: boolean;
}

/** Lists the images of the app, and what the output folder holds of each. */
export async function listCommand(patterns: readonly string[], options: ListOptions, surroundings: Surroundings): Promise<number> {
  const { stdout, folder } = surroundings;
  const images = (await selectedPlans(patterns, options, surroundings)).map(({ plan }) => ({
    image: plan.image,
    definitionHash: plan.definitionHash,
    artifacts: artifactsOf(resolve(folder, options.output), plan.image)
      .map((artifact) => ({ ...artifact, current: artifact.definitionHash === plan.definitionHash })),
  }));
  if (options.json) {
    stdout.write(`${JSON.stringify(images)}\n`);
    return 0;
  }
  const rows = images.flatMap(({ image, definitionHash, artifacts }) => [
    [image, definitionHash.slice(0, 16), artifacts.length === 0 ? 'no artifact' : ''],
    ...artifacts.map((artifact) => [
      `  ${shownPath(folder, artifact.folder)}`, artifact.definitionHash.slice(0, 16),
      `${contentOf(artifact)}, ${artifact.builtAt.toISOString().slice(0, 16).replace('T', ' ')} UTC${artifact.current ? '' : ', of an earlier definition'}`,
    ]),
  ]);
  stdout.write(table([['IMAGE', 'DEFINITION', 'ARTIFACT'], ...rows]));
  return 0;
}

/** AMI IDs by region, or the size of the files. */
function contentOf({ images, bytes }: StoredArtifact): string {
  if (!images) { return formatBytes(bytes); }
  return Object.entries(images).map(([region, imageId]) => `${imageId} in ${region}`).join(', ');
}
