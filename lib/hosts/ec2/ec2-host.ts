import { findArtifact } from './artifacts';
import { captureImage, type Ec2Draft } from './capture';
import { openCloud, type Cloud, type CloudOptions } from './cloud';
import { guardConsumers } from './consumers';
import { distributeImage, reconcileImage } from './distribution';
import { discardDraft, findDraft, removeUnpublished } from './drafts';
import { ec2Machine } from './ec2-machine';
import { collectGarbage, removeBuild } from './garbage';
import { launchMachine } from './launch';
import { findLayer, LAYER_SECONDS, layerImage, saveLayer } from './layers';
import { findNetworkAhead } from './network-ahead';
import { buildPolicies } from './policies';
import { publishImage } from './publication';
import { removeArtifacts } from './removal';
import { guardSharing } from './sharing-guard';
import { foundSource, resolveSource, sourceImageId } from './source-resolution';
import { guardTarget } from './target-guard';
import { GoldenError } from '../../errors';
import type { BuildKeys } from '../../plan/keys';
import type { Plan } from '../../plan/model';
import type {
  Artifact, BootRequest, CaptureRequest, DeadBuild, DraftArtifact, GarbageScope, Host, HostContext, LaunchRequest, Machine, NamedPolicy,
  PolicyPlaces, RemovedImage, ResolvedSource, SourceOptions,
} from '../../ports/host';

export type Ec2HostOptions = CloudOptions;

/** Builds AMIs on EC2. */
export class Ec2Host implements Host {
  readonly kind = 'ec2';
  /** Layers are finished behind the back of the build: how long a call took says nothing of what they cost. */
  readonly checkpointSeconds = LAYER_SECONDS;
  readonly checkpointsDevice = true;
  /** For the communicators and value sources that use the same account. */
  readonly cloud: Cloud;
  /** Where the plans of this process are built. */
  private readonly regions = new Set<string>();

  constructor(options: Ec2HostOptions) {
    this.cloud = openCloud(options);
  }

  /** Errors, besides those of the source: `wrong-account`, `wrong-region`, `wrong-partition`, `no-region`, and those of credentials. */
  async resolve(plan: Plan, context: HostContext, options?: SourceOptions): Promise<ResolvedSource> {
    const guarded = guardTarget(this.cloud, plan);
    const found = this.whereToLook(plan).then((region) => resolveSource(this.cloud, region, plan, context, options));
    found.catch(() => undefined);
    this.regions.add(await guarded);
    return found;
  }

  /** What fails here fails again at the launch, and is told there. */
  expectLaunch(plan: Plan, context: HostContext): void {
    void this.whereToLook(plan).then((region) => findNetworkAhead(this.cloud, region, plan, context)).catch(() => undefined);
  }

  /** A plan for any account and region is hardly ever refused: what it needs is looked up before it is known whether it is. */
  private whereToLook(plan: Plan): Promise<string> {
    const isForAny = plan.target.account === undefined && plan.target.region === undefined;
    return isForAny ? this.cloud.regionOf(plan) : guardTarget(this.cloud, plan);
  }

  findArtifact(plan: Plan, keys: BuildKeys): Promise<Artifact | undefined> {
    return findArtifact(this.cloud, plan, keys);
  }

  /** Layers start from an AMI, so that their keys are of one region, whichever it is. */
  findLayer(keys: BuildKeys): Promise<number> {
    return findLayer(this.cloud, [...this.regions], keys);
  }

  /** Errors: those of `launchMachine` and `guardSharing`, `layer-gone` and `no-delivery-role`. */
  async launch({ plan, source, keys, layer, requirements, onAsked }: LaunchRequest, context: HostContext): Promise<Machine> {
    const region = await guardTarget(this.cloud, plan);
    const [imageId] = await Promise.all([
      layer === 0 ? sourceImageId(source) : layerImage(this.cloud, region, keys.layers[layer], context.signal),
      guardConsumers(this.cloud, plan),
      guardSharing(this.cloud, region, plan, context.signal),
    ]);
    if (!imageId) {
      throw new GoldenError('layer-gone', `The layer after instruction ${layer} is not there any more`, {
        path: plan.image, hint: 'Build again: it starts from the layers that are there.',
      });
    }
    const origin = { imageId: sourceImageId(source), buildKey: source.buildKey };
    const image = layer === 0 ? foundSource(source) : undefined;
    return launchMachine(this.cloud, { region, plan, imageId, image, origin, purpose: 'build', requirements, onAsked }, context);
  }

  checkpoint(machine: Machine, key: string, context: HostContext): Promise<void> {
    return saveLayer(this.cloud, ec2Machine(machine), key, context);
  }

  capture(machine: Machine, request: CaptureRequest, context: HostContext): Promise<DraftArtifact> {
    return captureImage(this.cloud, ec2Machine(machine), request, context);
  }

  async abandonCapture(machine: Machine, { buildId }: HostContext): Promise<void> {
    await removeUnpublished(this.cloud, { regions: [ec2Machine(machine).region], buildId, told: [] });
  }

  boot(draft: DraftArtifact, { plan, requirements }: BootRequest, context: HostContext): Promise<Machine> {
    const { id: imageId, region } = ec2Draft(draft);
    return launchMachine(this.cloud, { region, plan, imageId, purpose: 'boot-test', requirements }, context);
  }

  findDraft(plan: Plan, keys: BuildKeys, context: HostContext, builds: readonly DeadBuild[]): Promise<DraftArtifact | undefined> {
    return findDraft(this.cloud, plan, keys, context, builds);
  }

  distribute(draft: DraftArtifact, request: CaptureRequest, context: HostContext): Promise<void> {
    return distributeImage(this.cloud, ec2Draft(draft), request, context);
  }

  reconcile(artifact: Artifact, request: CaptureRequest, context: HostContext): Promise<readonly string[]> {
    return reconcileImage(this.cloud, artifact, request, context);
  }

  publish(draft: DraftArtifact, manifest: object, context: HostContext): Promise<Artifact> {
    return publishImage(this.cloud, ec2Draft(draft), manifest, context);
  }

  discard(draft: DraftArtifact): Promise<void> {
    return discardDraft(this.cloud, ec2Draft(draft));
  }

  removeBuild(build: DeadBuild, context: HostContext, keep?: DraftArtifact): Promise<readonly string[]> {
    return removeBuild(this.cloud, build, context, keep && ec2Draft(keep));
  }

  collectGarbage(context: HostContext, scope?: GarbageScope): Promise<readonly string[]> {
    return collectGarbage(this.cloud, context, scope);
  }

  removeArtifacts(plan: RemovedImage, options: { readonly dryRun: boolean }, context: HostContext): Promise<readonly string[]> {
    return removeArtifacts(this.cloud, plan, options, context);
  }

  policies(plans: readonly Plan[], places?: PolicyPlaces): Promise<readonly NamedPolicy[]> {
    return buildPolicies(this.cloud, plans, places);
  }
}

/** The AMI behind a draft. Errors: `foreign-draft`. */
function ec2Draft(draft: DraftArtifact): Ec2Draft {
  if ('region' in draft) { return draft as Ec2Draft; }
  throw new GoldenError('foreign-draft', `${draft.id} is no draft that this host captured`, { kind: 'internal' });
}
