import { count } from './figures';
import type { Preview } from '../../engine/preview';

/** What a build would do, for people. */
export function previewLines(preview: Preview): string[] {
  const { image, keys, source, artifact, cached, instructions, reasons } = preview;
  const key = `  build key  ${keys.build.slice(0, 16)}`;
  if (artifact) { return [`${image}: unchanged, nothing would run`, key, `  artifact   ${artifact.id}`]; }
  const width = Math.max(0, ...instructions.map(({ type }) => type.length));
  return [
    `${image}: would be built, ${cached} of ${count(instructions.length, 'instruction')} cached`,
    key,
    `  source     ${source.description}`,
    ...reasons.map((reason, i) => `  ${i === 0 ? 'because' : '       '}    ${reason}`),
    ...instructions.map(({ index, type, origin, action }) => `  ${action.padEnd(9)}  [${index + 1}/${instructions.length}] ${type.padEnd(width)}  ${origin}`),
  ];
}
