import { existsSync, readdirSync } from 'fs';
import { join } from 'path';
import type { Cloud } from './cloud/cloud';
import { scopeOf } from './cloud/moto-proxy';
import type { FaultPlace, FaultView } from './fault-case';
import { systemClock } from '../../lib/cli/wiring';
import { stateInFolder } from '../../lib/engine/state-folder';
import type { Plan } from '../../lib/plan/model';

const TAG = { state: 'golden:state', copyOf: 'golden:copy-of', lease: 'golden:lease' };

/** Made once for an account, and kept. */
const KEPT = /^(golden-no-inbound|golden-builder)$/;

/** Looks behind the API at what there is of an image. */
export async function faultView(cloud: Cloud, plan: Plan, place: FaultPlace): Promise<FaultView> {
  const found = await cloud.resources();
  const resources = { ...found, images: found.images.filter(({ state }) => state !== 'deregistered') };
  const regions = [cloud.region, ...plan.delivery.regions.map(({ region }) => region)];
  const published = resources.images.filter(({ tags }) => tags[TAG.state] === 'published');
  const wrong: string[] = [];
  const parameters = resources.parameters.filter(({ id }) => id === plan.delivery.parameterName);
  for (const region of published.length > 0 ? regions : []) {
    const here = published.filter((image) => image.region === region);
    if (here.length !== 1) { wrong.push(`${here.length} images are published in ${region}`); continue; }
    const [image] = here;
    const value = await parameterIn(cloud, region, plan.delivery.parameterName);
    if (value !== image.id) { wrong.push(`the parameter in ${region} holds ${value} in the place of ${image.id}`); }
    if (image.state !== 'available') { wrong.push(`${image.id} in ${region} is ${image.state}`); }
    if (image.tags[TAG.lease] !== undefined) { wrong.push(`${image.id} in ${region} still has a lease`); }
    const home = published.find((one) => one.region === cloud.region);
    if (region !== cloud.region && image.tags[TAG.copyOf] !== home?.id) { wrong.push(`${image.id} in ${region} is no copy of ${home?.id}`); }
  }
  if (published.length === 0) { wrong.push(...parameters.map(({ id, region }) => `the parameter ${id} in ${region} names an image that is not published`)); }
  return { images: published.length > 0 && wrong.length === 0 ? 1 : 0, wrong, left: [...leftInAccount(cloud, resources), ...await leftHere(place)] };
}

type Resources = Awaited<ReturnType<Cloud['resources']>>;

function leftInAccount(cloud: Cloud, resources: Resources): string[] {
  const published = resources.images.filter(({ tags }) => tags[TAG.state] === 'published');
  const layers = resources.images.filter(({ tags }) => tags[TAG.state] === 'layer');
  const wanted = new Set([...published, ...layers].flatMap(({ id, region }) => snapshotsOf(cloud, region, id)));
  const lines = (kind: string, found: Resources['images']) => found.map(({ id, region, state = '', name = '' }) => `${kind} ${id} ${name} ${state} in ${region}`);
  return [
    ...lines('instance', resources.instances.filter(({ state }) => state !== 'shutting-down')),
    ...lines('volume', resources.volumes),
    ...lines('image', resources.images.filter((image) => !published.includes(image) && !layers.includes(image))),
    ...lines('snapshot', resources.snapshots.filter(({ id }) => !wanted.has(id))),
    ...lines('security group', resources.securityGroups.filter(({ name }) => !KEPT.test(name ?? ''))),
    ...lines('key pair', resources.keyPairs),
    ...lines('role', resources.roles.filter(({ id }) => !KEPT.test(id))),
    ...lines('instance profile', resources.instanceProfiles.filter(({ id }) => !KEPT.test(id))),
    ...lines('object', resources.objects),
    ...lines('launch template', resources.launchTemplates),
  ];
}

function snapshotsOf(cloud: Cloud, region: string, imageId: string): readonly string[] {
  const image = cloud.world.region(region).images.get(imageId);
  return image ? image.mappings.flatMap(({ ebs }) => (ebs?.snapshotId ? [ebs.snapshotId] : [])) : [];
}

async function leftHere({ stateFolder, outputFolder }: FaultPlace): Promise<string[]> {
  const state = stateInFolder(stateFolder, systemClock);
  return [
    ...entries(join(stateFolder, 'locks')).map((name) => `lock ${name}`),
    ...(await state.unfinished()).map((id) => `record of the unfinished build ${id}`),
    ...entries(outputFolder).flatMap((image) => entries(join(outputFolder, image)).filter((name) => name.startsWith('.')).map((name) => `draft ${name}`)),
  ];
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

async function parameterIn(cloud: Cloud, region: string, name: string): Promise<string | undefined> {
  const answer = await cloud.world.moto.send({
    method: 'POST',
    path: '/',
    body: JSON.stringify({ Name: name }),
    headers: { 'authorization': scopeOf(region, 'ssm'), 'x-amz-target': 'AmazonSSM.GetParameter', 'content-type': 'application/x-amz-json-1.1' },
  });
  return (JSON.parse(answer.body.toString()) as { readonly Parameter?: { readonly Value?: string } }).Parameter?.Value;
}
