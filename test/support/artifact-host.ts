import { GoldenError } from '../../lib/errors';
import type { BuildKeys } from '../../lib/plan/keys';
import type { Plan } from '../../lib/plan/model';
import type { Artifact, DeadBuild, GarbageScope, Host, HostContext, ResolvedSource, SourceOptions } from '../../lib/ports/host';

/** A host that has no machines: it knows of artifacts and layers, and whatever needs more fails. For what goes on around builds. */
export class ArtifactHost implements Host {
  readonly kind = 'sandbox';
  readonly checkpointSeconds = 1;
  /** Images that count as built, by construct path. */
  readonly built = new Set<string>();
  /** Build keys of what images were to start from, by construct path. */
  readonly parents = new Map<string, string | undefined>();
  /** Layers there are, by their place in every plan. */
  layer = 0;
  garbage: string[] = [];
  /** Where garbage was to be looked for. */
  readonly scopes: (GarbageScope | undefined)[] = [];
  /** Dead builds whose remains were to be removed. */
  readonly removed: DeadBuild[] = [];
  /** Called when a build asks for a machine. */
  onLaunch: () => void = () => { /* nothing more */ };

  resolve(plan: Plan, _context: HostContext, { parentKey }: SourceOptions = {}): Promise<ResolvedSource> {
    const { source } = plan.definition;
    this.parents.set(plan.image, parentKey);
    if (source.type === 'image' && !this.built.has(source.image)) {
      return Promise.reject(new GoldenError('parent-not-built', `It starts from ${source.image}, which has no artifact`, { path: plan.image }));
    }
    return Promise.resolve({ id: 'a source', description: 'a source for tests' });
  }

  findArtifact(plan: Plan, keys: BuildKeys): Promise<Artifact | undefined> {
    const artifact: Artifact = { id: `out/${plan.image}`, buildKey: keys.build, files: [{ name: 'root.tar', bytes: 1024, sha256: '1'.repeat(64) }], manifest: {} };
    return Promise.resolve(this.built.has(plan.image) ? artifact : undefined);
  }

  findLayer(keys: BuildKeys): Promise<number> {
    return Promise.resolve(Math.min(this.layer, keys.layers.length - 1));
  }

  launch(): Promise<never> {
    this.onLaunch();
    return noMachines();
  }

  checkpoint(): Promise<never> { return noMachines(); }
  capture(): Promise<never> { return noMachines(); }
  boot(): Promise<never> { return noMachines(); }
  publish(): Promise<never> { return noMachines(); }
  discard(): Promise<never> { return noMachines(); }

  removeBuild(build: DeadBuild): Promise<readonly string[]> {
    this.removed.push(build);
    return Promise.resolve([`machine of ${build.buildId}`]);
  }

  collectGarbage(_context: HostContext, scope?: GarbageScope): Promise<readonly string[]> {
    this.scopes.push(scope);
    return Promise.resolve(this.garbage.splice(0));
  }
}

function noMachines(): Promise<never> {
  return Promise.reject(new GoldenError('no-machines', 'This host has no machines', { hint: 'Use another one.' }));
}
