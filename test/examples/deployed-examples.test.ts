import { readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ChainStack } from '../../examples/chain/chain-stack';
import { SiteStack } from '../../examples/one-stack/site-stack';
import { FleetStack } from '../../examples/scheduled-rebuild/fleet-stack';
import { ImagesStack as NightlyImagesStack } from '../../examples/scheduled-rebuild/images-stack';
import { ImagesStack } from '../../examples/two-regions/images-stack';
import { WorkersStack } from '../../examples/two-regions/workers-stack';
import { ImagePlan } from '../../lib/assertions/image-plan';
import type { AmiImage } from '../../lib/image/ami-image';

const here = { account: '111122223333', region: 'us-east-2' };
const there = { ...here, region: 'us-west-2' };

/** The stacks and images of each example, as its app declares them. */
const examples: ReadonlyArray<[string, () => { readonly stacks: readonly Stack[]; readonly images: readonly AmiImage[] }]> = [
  ['one-stack', () => {
    const stack = new SiteStack(new App(), 'Site', { env: here, release: '1' });
    return { stacks: [stack], images: [stack.image] };
  }],
  ['two-regions', () => {
    const app = new App();
    const images = new ImagesStack(app, 'Images', { env: here });
    const workers = [here, there].map((env) => new WorkersStack(app, `Workers-${env.region}`, { env, image: images.worker }));
    return { stacks: [images, ...workers], images: [images.worker] };
  }],
  ['scheduled-rebuild', () => {
    const app = new App();
    const images = new NightlyImagesStack(app, 'NightlyImages', { env: here });
    return { stacks: [new FleetStack(app, 'NightlyFleet', { env: here, image: images.web })], images: [images.web] };
  }],
  ['chain', () => {
    const stack = new ChainStack(new App(), 'Chain', { env: here, greeting: 'Hello' });
    return { stacks: [stack], images: [stack.base, stack.runtime, stack.application] };
  }],
];

// UPDATE_PLANS=1 writes the plans anew; read the diff before you commit it.
test.each(examples)('the plans of the example %s are those beside it', (name, declare) => {
  const file = join(__dirname, '..', '..', 'examples', name, 'expected-plans.json');
  const plans = `${JSON.stringify(declare().images.map((image) => ImagePlan.fromImage(image).toJSON()), undefined, 2)}\n`;
  if (process.env.UPDATE_PLANS) { writeFileSync(file, plans); }

  expect(plans).toBe(readFileSync(file, 'utf8'));
});

test.each(examples)('what runs the images of the example %s has the IDs of those it declares', (_, declare) => {
  const { stacks, images } = declare();
  const { definitionHash } = images[images.length - 1];
  const parameter = `GoldenImage${definitionHash.slice(0, 16)}`;
  for (const stack of stacks.slice(-2)) {
    const template = Template.fromStack(stack);
    expect(template.findParameters(parameter)[parameter]).toMatchObject({ Default: `/golden/images/${definitionHash}` });
    expect(JSON.stringify(template.toJSON().Resources)).toContain(`"ImageId":{"Ref":"${parameter}"}`);
  }
});

test('an image is copied to the region of the stack that uses it', () => {
  const { images: [worker] } = examples[1][1]();
  expect(ImagePlan.fromImage(worker).toJSON().delivery.regions).toEqual([{ region: 'us-west-2' }]);
});
