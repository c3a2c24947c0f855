/** Commands of one phase. */
export interface PhaseSpec {
  readonly commands: readonly string[];
  /** Run after the commands, also where one of them failed. */
  readonly finally: readonly string[];
}

export const COMMAND_PHASES = ['install', 'pre_build', 'build', 'post_build'] as const;

export type CommandPhase = typeof COMMAND_PHASES[number];

/** What a build does. */
export interface Buildspec {
  readonly shell: 'sh' | 'bash';
  readonly variables: { readonly [name: string]: string };
  /** Names of parameters in Parameter Store, by variable. */
  readonly parameters: { readonly [name: string]: string };
  readonly phases: { readonly [phase in CommandPhase]?: PhaseSpec };
}

/** Why a buildspec cannot be used. */
export class BuildspecError extends Error {}

/** Reads a buildspec that is written as JSON, which is YAML too. What is not understood is an error, so that nothing is ignored in silence. */
export function readBuildspec(text: string): Buildspec {
  let spec: any;
  try { spec = JSON.parse(text); } catch { throw new BuildspecError('YAML_FILE_ERROR Message: only buildspecs in JSON are read here'); }
  if (String(spec.version) !== '0.2') { throw new BuildspecError('YAML_FILE_ERROR Message: invalid buildspec version specified'); }
  only(spec, 'the buildspec', ['version', 'env', 'phases']);
  only(spec.env ?? {}, 'env', ['shell', 'variables', 'parameter-store']);
  only(spec.phases ?? {}, 'phases', COMMAND_PHASES);
  const phases = Object.fromEntries(Object.entries<any>(spec.phases ?? {}).map(([name, phase]) => {
    only(phase, `phases/${name}`, ['commands', 'finally', ...name === 'install' ? ['runtime-versions'] : []]);
    return [name, { commands: [phase.commands ?? []].flat(), finally: [phase.finally ?? []].flat() }];
  }));
  if (Object.keys(phases).length === 0) { throw new BuildspecError('YAML_FILE_ERROR Message: at least one phase is required'); }
  return { shell: spec.env?.shell ?? 'sh', variables: spec.env?.variables ?? {}, parameters: spec.env?.['parameter-store'] ?? {}, phases };
}

function only(part: object, name: string, known: readonly string[]): void {
  const unknown = Object.keys(part).find((key) => !known.includes(key));
  if (unknown !== undefined) { throw new BuildspecError(`YAML_FILE_ERROR Message: ${unknown} in ${name} is not known here`); }
}
