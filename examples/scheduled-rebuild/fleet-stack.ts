import { Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { AmiImage } from 'cdk-golden-image';

export interface FleetStackProps extends StackProps {
  readonly image: AmiImage;
}

/** Two ways to use an image that is rebuilt behind the back of the stack. */
export class FleetStack extends Stack {
  public constructor(scope: Construct, id: string, props: FleetStackProps) {
    super(scope, id, props);
    const instanceType = new ec2.InstanceType('t3.micro');

    // Each deployment takes the image that there is by then.
    new ec2.LaunchTemplate(this, 'Deployed', { machineImage: props.image, instanceType });

    // Each launch takes the image that there is by then: a group that replaces its instances needs no deployment.
    const latest = ec2.MachineImage.resolveSsmParameterAtLaunch(props.image.aliasParameterName);
    new ec2.LaunchTemplate(this, 'Latest', { machineImage: latest, instanceType });
  }
}
