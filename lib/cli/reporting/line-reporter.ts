import type { Output } from '../surroundings';
import { EventLines } from './event-lines';
import type { Reporter } from './reporter';
import { ImageSummary } from './summary';

/** Plain lines, each with its image before it: for logs and pipes. */
export function lineReporter(output: Output): Reporter {
  let held: string[] | undefined;
  const write = (text: string) => { if (held) { held.push(text); } else { output.write(text); } };
  const images = new Map<string, { readonly lines: EventLines; readonly summary: ImageSummary }>();
  return {
    report: (event) => {
      const image = images.get(event.image) ?? { lines: new EventLines(), summary: new ImageSummary(event.image) };
      images.set(event.image, image);
      image.summary.add(event);
      image.lines.lines(event).forEach((line) => write(`${event.image} | ${line}\n`));
    },
    caughtUp: () => output.caughtUp?.(),
    pause: () => {
      held = [];
      return () => {
        const lines = held ?? [];
        held = undefined;
        lines.forEach((line) => output.write(line));
      };
    },
    finish: () => images.forEach(({ summary }) => output.write(`\n${summary.lines({ reasons: false }).join('\n')}\n`)),
  };
}
