import { Lazy, Token } from 'aws-cdk-lib';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import type { DeliveredImage } from './bound-delivery';
import { parameterTail } from '../synthesis/definition-parameter';

/** The alias of an image: an SSM parameter of its stack that names its AMI, and keeps its name when the image changes. */
export class Alias {
  /** Name of the SSM parameter. */
  readonly name: string;
  private added = false;

  constructor(private readonly image: DeliveredImage, private readonly imageId: () => string, name?: string) {
    this.name = name ?? `/golden/aliases/${parameterTail(image.construct)}`;
    if (!Token.isUnresolved(this.name) && !/^[A-Za-z0-9_./-]+$/.test(this.name)) {
      image.fault('invalid-parameter-name', `${JSON.stringify(this.name)} is not the name of an SSM parameter`, 'Give one such as /images/web.');
    }
  }

  /** Makes the stack own it, once. As a resource it is moved back with the stack when a deployment fails. */
  add(): this {
    if (this.added) { return this; }
    this.added = true;
    const { construct } = this.image;
    new CfnParameter(construct, 'Alias', {
      type: 'String',
      dataType: 'aws:ec2:image',
      name: this.name,
      // Not before the templates are made: until then the image may change.
      value: Lazy.string({ produce: () => this.imageId() }),
      description: `AMI of the golden image ${construct.node.path}`.slice(0, 1024),
    });
    return this;
  }
}
