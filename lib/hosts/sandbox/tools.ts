import { run } from '../../process';

const present = new Set<string>();

/** Makes sure that programs are installed, before they are needed where nobody hears them complain. Errors: `missing-tool`. */
export async function requireTools(tools: readonly string[]): Promise<void> {
  await Promise.all(tools.filter((tool) => !present.has(tool)).map(async (tool) => {
    // Whatever it answers, it is there.
    await run([tool, '--version'], { timeoutMs: 10_000 });
    present.add(tool);
  }));
}
