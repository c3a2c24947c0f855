import { contextOutsideBuilds, openHost, type HostCommandOptions } from './host-options';
import { selectedPlans, type AppOptions } from './selected-plans';
import { GoldenError } from '../../errors';
import type { RemovedImage } from '../../ports/host';
import { count } from '../reporting/figures';
import type { Surroundings } from '../surroundings';

export interface DestroyOptions extends AppOptions, HostCommandOptions {
  readonly host: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  /** Construct paths of images whose app is not there any more. */
  readonly image?: readonly string[];
}

/** Removes the published artifacts of images. Without a confirmation it only says what it would remove. */
export async function destroyCommand(patterns: readonly string[], options: DestroyOptions, surroundings: Surroundings): Promise<number> {
  const { stdout } = surroundings;
  const { image: paths = [] } = options;
  if (paths.length > 0 && patterns.length > 0) {
    throw new GoldenError('invalid-option', 'Images are named either by the app that declares them or with --image', {
      kind: 'usage', hint: 'Write golden destroy PATTERN, or golden destroy --image PATH.',
    });
  }
  const doomed: readonly RemovedImage[] = paths.length > 0
    ? paths.map((image) => ({ image })) : (await selectedPlans(patterns, options, surroundings)).map(({ plan }) => plan);
  const { host } = await openHost(options, surroundings);
  if (!host.removeArtifacts) {
    throw new GoldenError('nothing-to-destroy', `The artifacts of the host ${host.kind} are folders: golden list shows them`, {
      kind: 'usage', hint: 'Remove the folders; or name the host that has the images, such as --host ec2.',
    });
  }
  const context = contextOutsideBuilds('destroy', surroundings);
  const dryRun = options.dryRun ?? !options.yes;
  const lines: string[] = [];
  for (const each of doomed) { lines.push(...await host.removeArtifacts(each, { dryRun }, context)); }
  lines.forEach((line) => stdout.write(`${dryRun ? 'would remove' : 'removed'} ${line}\n`));
  if (lines.length === 0) {
    stdout.write('Nothing to remove.\n');
    return 0;
  }
  if (!dryRun) {
    stdout.write(`Removed ${count(lines.length, 'thing')}.\n`);
    return 0;
  }
  if (options.dryRun) { return 0; }
  throw new GoldenError('not-confirmed', `Nothing was removed: ${count(lines.length, 'thing')} would be, for good`, {
    kind: 'usage', hint: 'Say --yes to remove them, --dry-run to only look.',
  });
}
