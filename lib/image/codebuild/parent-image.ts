import { Stack } from 'aws-cdk-lib';
import { Dependable, type IConstruct, type IDependable } from 'constructs';
import type { DeliveredImage } from '../delivery/bound-delivery';

/**
 * The image that an image starts from, as far as the same stack declares it: that one has to be built first. Which it is, the plan
 * says; it is asked when the app is synthesised, as the plan locks the image.
 */
export class ParentImage implements IDependable {
  constructor(image: DeliveredImage) {
    Dependable.implement(this, { get dependencyRoots() { return parentsOf(image); } });
  }
}

function parentsOf(image: DeliveredImage): IConstruct[] {
  const { source } = image.plan().definition;
  if (source.type !== 'image') { return []; }
  const { root } = image.construct.node;
  const parent = source.image.split('/').reduce((found: IConstruct | undefined, id) => found?.node.tryFindChild(id), root);
  return parent && Stack.of(parent) === Stack.of(image.construct) ? [parent] : [];
}
