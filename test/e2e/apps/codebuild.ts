import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnInstance } from 'aws-cdk-lib/aws-ec2';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import { AmiImage, Delivery, OsFamily, Provisioner, Source } from 'cdk-golden-image';

/** What the suite wants of the stack. */
interface Wanted {
  readonly stack: string;
  readonly commands: string[];
  readonly minutes?: number;
  /** Builds by itself, and tells a topic. */
  readonly scheduled?: boolean;
  readonly destroys?: boolean;
  /** What comes after the image cannot be made. */
  readonly breaks?: boolean;
}

const { stack: name, commands, minutes, scheduled, destroys, breaks } = JSON.parse(process.env.WANTED!) as Wanted;
const app = new App();
const stack = new Stack(app, name, { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION } });
const web = new AmiImage(stack, 'Web', {
  source: Source.ssmParameter('/base/ubuntu', { osFamily: OsFamily.DEBIAN, loginUser: 'ubuntu', hasSsmAgent: true }),
  provisioners: [Provisioner.shell({ inline: commands })],
  delivery: Delivery.codeBuild({
    timeout: minutes === undefined ? undefined : Duration.minutes(minutes),
    removalPolicy: destroys ? RemovalPolicy.DESTROY : undefined,
    ...scheduled && { schedule: Schedule.rate(Duration.days(1)), notifications: new Topic(stack, 'News') },
  }),
});
const box = new CfnInstance(stack, 'Box', { imageId: web.imageId, instanceType: 't3.small' });
if (breaks) { new CfnParameter(stack, 'Broken', { type: 'String', dataType: 'aws:ec2:image', value: 'no image' }).addDependency(box); }
