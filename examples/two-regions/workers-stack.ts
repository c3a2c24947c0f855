import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { AmiImage } from 'cdk-golden-image';

export interface WorkersStackProps extends StackProps {
  /** May be declared in a stack of another region. */
  readonly image: AmiImage;
}

/** What starts workers. It is deployed after the stack of the image, and reads the ID that the image has in this region. */
export class WorkersStack extends Stack {
  public constructor(scope: Construct, id: string, props: WorkersStackProps) {
    super(scope, id, props);
    new ec2.LaunchTemplate(this, 'Template', {
      machineImage: props.image,
      instanceType: new ec2.InstanceType('t3.micro'),
    });
    new CfnOutput(this, 'ImageId', { value: props.image.getImage(this).imageId });
  }
}
