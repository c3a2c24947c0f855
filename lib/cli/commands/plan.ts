import { foldersOf, openHost, type HostCommandOptions } from './host-options';
import { plansToBuild, type AppOptions } from './selected-plans';
import { preview, type Preview } from '../../engine/preview';
import type { ParsedPlan } from '../app/plans';
import { parentOf } from '../build-order';
import { previewLines } from '../reporting/preview-lines';
import type { Surroundings } from '../surroundings';
import { checkOverrides, parseOverrides, valueSource } from '../values';

export interface PlanOptions extends AppOptions, HostCommandOptions {
  readonly host: string;
  readonly cache: boolean;
  readonly newerSource?: boolean;
  readonly parameter?: readonly string[];
  readonly secret?: readonly string[];
  readonly json?: boolean;
}

/** An image of which nothing can be said before the one it starts from is built. */
interface Waiting {
  readonly image: string;
  readonly definitionHash: string;
  readonly waitsFor: string;
}

/** Shows what a build would do, and why. Starts nothing. */
export async function planCommand(patterns: readonly string[], options: PlanOptions, surroundings: Surroundings): Promise<number> {
  const { signal, stdout } = surroundings;
  const overrides = parseOverrides(options.parameter, options.secret);
  const plans = await plansToBuild(patterns, options, surroundings);
  checkOverrides(overrides, plans.map(({ plan }) => plan));
  const { host, values } = await openHost(options, surroundings);
  const previews = new Map<ParsedPlan, Promise<Preview | Waiting>>();
  const previewOf = (parsed: ParsedPlan): Promise<Preview | Waiting> => {
    const known = previews.get(parsed) ?? previewOne(parsed);
    previews.set(parsed, known);
    return known;
  };
  const previewOne = async (parsed: ParsedPlan): Promise<Preview | Waiting> => {
    const { plan, file } = parsed;
    const parent = parentOf(parsed, plans);
    const parentPreview = parent && await previewOf(parent);
    if (parent && !isThere(parentPreview)) {
      return { image: plan.image, definitionHash: plan.definitionHash, waitsFor: parent.plan.image };
    }
    return preview({
      plan,
      planFile: file,
      host,
      parentKey: isThere(parentPreview) ? parentPreview.keys.build : undefined,
      values: valueSource(overrides, surroundings, await values?.(plan)),
      ...foldersOf(options, surroundings),
      signal,
      useCache: options.cache,
      newerSource: options.newerSource,
      report: () => undefined,
    });
  };
  const results = await Promise.all(plans.map(previewOf));
  stdout.write(options.json ? `${JSON.stringify(results)}\n` : `${results.map((result) => linesOf(result).join('\n')).join('\n\n')}\n`);
  return 0;
}

function isThere(result: Preview | Waiting | undefined): result is Preview {
  return result !== undefined && 'artifact' in result && result.artifact !== undefined;
}

function linesOf(result: Preview | Waiting): string[] {
  return 'waitsFor' in result ? [`${result.image}: would be built after ${result.waitsFor}, which has no artifact yet`] : previewLines(result);
}
