import type { LocalSource, Plan, SourceSpec } from './model';

/** The plan with another path of the root tar that it starts from, if it starts from one that lies on this computer. */
export function withRootTarPath(plan: Plan, change: (path: string) => string): Plan {
  const { source } = plan.definition;
  if (source.local?.type !== 'rootTar' || isUrl(source.local.location)) { return plan; }
  const local: LocalSource = { ...source.local, location: change(source.local.location) };
  return { ...plan, definition: { ...plan.definition, source: { ...source, local } as SourceSpec } };
}

/** Whether a root tar lies on the network. */
export function isUrl(location: string): boolean {
  return /^https?:\/\//.test(location);
}
