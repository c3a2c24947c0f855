import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { SiteRelease } from './site-release';
import { AmiImage, Source } from 'cdk-golden-image';

export interface SiteStackProps extends StackProps {
  /** Another release is another image, and another instance. */
  readonly release: string;
}

/** An image and an instance of it: `cdk deploy` builds the one, and then makes the other. */
export class SiteStack extends Stack {
  public readonly image: AmiImage;

  public constructor(scope: Construct, id: string, props: SiteStackProps) {
    super(scope, id, props);
    this.image = new AmiImage(this, 'Image', {
      source: Source.amazonLinux2023(),
      provisioners: [new SiteRelease(props.release)],
    });
    const instance = new ec2.Instance(this, 'Instance', {
      machineImage: this.image,
      instanceType: new ec2.InstanceType('t3.micro'),
      vpc: ec2.Vpc.fromLookup(this, 'Vpc', { isDefault: true }),
    });
    new CfnOutput(this, 'ImageId', { value: this.image.imageId });
    new CfnOutput(this, 'InstanceId', { value: instance.instanceId });
  }
}
