import { minimatch } from 'minimatch';
import { GoldenError } from '../../errors';

/**
 * Those of the images whose construct path matches one of the patterns; all where there are none. `*` stays within one part of
 * a path, `**` goes across. A pattern that matches nothing is an error, as it is hardly what was meant.
 */
export function selectImages<T extends { readonly image: string }>(images: readonly T[], patterns: readonly string[]): T[] {
  if (images.length === 0) {
    throw new GoldenError('no-images', 'The app declares no images', { kind: 'invalid', hint: 'Add an AmiImage to one of its stacks.' });
  }
  if (patterns.length === 0) { return [...images]; }
  for (const pattern of patterns) {
    if (images.some(({ image }) => matches(image, pattern))) { continue; }
    throw new GoldenError('no-such-image', `No image matches ${pattern}`, {
      kind: 'usage', hint: `There are: ${images.map(({ image }) => image).join(', ')}`,
    });
  }
  return images.filter(({ image }) => patterns.some((pattern) => matches(image, pattern)));
}

function matches(image: string, pattern: string): boolean {
  return image === pattern || minimatch(image, pattern, { dot: true });
}
