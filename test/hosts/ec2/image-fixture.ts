import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { ec2Plan, REGION, startEc2, type Ec2Fixture } from './ec2-fixture';
import { captureImage, type Ec2Draft } from '../../../lib/hosts/ec2/capture';
import type { Cloud } from '../../../lib/hosts/ec2/cloud';
import { distributeImage } from '../../../lib/hosts/ec2/distribution';
import { publishImage } from '../../../lib/hosts/ec2/publication';
import { resolveSource } from '../../../lib/hosts/ec2/source-resolution';
import { buildKeys, type BuildKeys } from '../../../lib/plan/keys';
import type { Plan } from '../../../lib/plan/model';
import type { Artifact, HostContext } from '../../../lib/ports/host';
import type { LeftResource, LeftResources } from '../../support/cloud/resources';

/** An emulated AWS, and all of a build from the stopped machine on. */
export interface ImageFixture extends Ec2Fixture {
  readonly cloud: Cloud;
  keysOf(plan: Plan): BuildKeys;
  capture(plan: Plan, changes?: Partial<HostContext>): Promise<Ec2Draft>;
  /** Captures, distributes and publishes. */
  publish(plan: Plan, manifest?: object, changes?: Partial<HostContext>): Promise<Artifact>;
  /** What is left but machines that are going, their volumes, and what is kept on purpose. */
  left(): Promise<Pick<LeftResources, 'instances' | 'images' | 'snapshots' | 'parameters' | 'objects'>>;
  notices(): readonly string[];
}

export async function startImages(): Promise<ImageFixture> {
  const outputFolder = mkdtempSync(join(tmpdir(), 'golden-images-'));
  const ec2 = await startEc2();
  const cloud: Cloud = { ...ec2.cloud, outputFolder };
  ec2.imageId = (await resolveSource(cloud, REGION, ec2Plan(), ec2.context)).id;
  const keysOf = ({ definition }: Plan) => (
    buildKeys(definition, { source: ec2.imageId, parameters: { release: '1' }, secrets: { token: 'f'.repeat(64) } })
  );
  const { stop } = ec2;
  const fixture: ImageFixture = Object.assign(ec2, {
    cloud,
    keysOf,
    capture: async (plan, changes = {}) => {
      const machine = await ec2.launch(plan, { managed: true }, changes);
      await machine.stop(60_000);
      try {
        return await captureImage(cloud, machine, { plan, keys: keysOf(plan) }, { ...ec2.context, ...changes });
      } finally {
        await machine.destroy();
      }
    },
    publish: async (plan, manifest = { version: 1, checks: {} }, changes = {}) => {
      const context = { ...ec2.context, ...changes };
      const draft = await fixture.capture(plan, changes);
      await distributeImage(cloud, draft, { plan, keys: keysOf(plan) }, context);
      return publishImage(cloud, draft, manifest, context);
    },
    left: async () => {
      const { instances, images, snapshots, parameters, objects } = await ec2.aws.resources();
      const going = new Set(['shutting-down', 'terminated']);
      const own = ({ name }: LeftResource) => !name?.startsWith('/aws/service/');
      return { instances: instances.filter(({ state }) => !going.has(state!)), images, snapshots, parameters: parameters.filter(own), objects };
    },
    notices: () => ec2.events.flatMap((event) => (event.type === 'notice' ? [event.message] : [])),
    stop: async () => {
      rmSync(outputFolder, { recursive: true, force: true });
      await stop();
    },
  } satisfies Partial<ImageFixture>);
  return fixture;
}
