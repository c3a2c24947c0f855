import { join } from 'path';
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { AmiImage, Check, FileSource, Provisioner, Source } from 'cdk-golden-image';

export interface ChainStackProps extends StackProps {
  /** What the application says; another text is another application image, and the same two below it. */
  readonly greeting: string;
}

/** Three images, each made from the one before. All start together when the stack is deployed, and wait for each other. */
export class ChainStack extends Stack {
  public readonly base: AmiImage;
  public readonly runtime: AmiImage;
  public readonly application: AmiImage;

  public constructor(scope: Construct, id: string, props: ChainStackProps) {
    super(scope, id, props);
    const here = (name: string) => FileSource.asset(join(__dirname, name));

    this.base = new AmiImage(this, 'Base', {
      source: Source.amazonLinux2023(),
      provisioners: [Provisioner.file({ source: here('hardening.conf'), destination: '/etc/sysctl.d/90-hardening.conf' })],
      checks: [Check.file('/etc/sysctl.d/90-hardening.conf', { mode: '0644', owner: 'root' })],
    });
    this.runtime = new AmiImage(this, 'Runtime', {
      source: Source.image(this.base),
      provisioners: [Provisioner.file({ source: here('greet'), destination: '/usr/local/bin/greet', mode: '0755' })],
      checks: [Check.file('/etc/sysctl.d/90-hardening.conf'), Check.command('/usr/local/bin/greet', { stdout: ['Nothing to say'] })],
    });
    this.application = new AmiImage(this, 'Application', {
      source: Source.image(this.runtime),
      provisioners: [Provisioner.file({ source: FileSource.inline(`${props.greeting}\n`), destination: '/etc/greeting' })],
      checks: [Check.command('/usr/local/bin/greet', { stdout: [props.greeting] })],
    });

    new ec2.LaunchTemplate(this, 'Template', { machineImage: this.application, instanceType: new ec2.InstanceType('t3.micro') });
    new CfnOutput(this, 'ImageId', { value: this.application.imageId });
  }
}
