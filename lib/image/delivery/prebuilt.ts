import type { BoundDelivery, DeliveredImage } from './bound-delivery';
import { imageParameter } from './image-parameter';
import { outermostStack } from './stacks';

/** Stacks read what was built before, and nothing is added to any that does not use the image. */
export class Prebuilt implements BoundDelivery {
  readonly buildsOnDeploy = false;

  constructor(private readonly image: DeliveredImage) {}

  imageId(): string {
    return imageParameter(outermostStack(this.image.construct), this.image.hash());
  }
}
