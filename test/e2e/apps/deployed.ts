import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { AmiImage, Check, Delivery, FileSource, Provisioner, Source } from 'cdk-golden-image';

/** A stack with nothing but images, and another one with an instance that runs one of them. `MOTD` changes the image, `TAKEN` adds what cannot be made. */
const { MOTD = 'hello', TAKEN } = process.env;
const app = new App();
const images = new Stack(app, 'Images');
const web = new AmiImage(images, 'Web', {
  source: Source.debian('12'),
  delivery: Delivery.prebuilt(),
  provisioners: [Provisioner.file({ source: FileSource.inline(MOTD), destination: '/etc/motd' })],
  checks: [Check.file('/etc/motd', { exists: true })],
});
new AmiImage(images, 'Worker', { source: Source.ubuntu('24.04'), delivery: Delivery.prebuilt() });

const service = new Stack(app, 'Service');
const box = new ec2.Instance(service, 'Box', {
  vpc: new ec2.Vpc(service, 'Vpc', { maxAzs: 1, natGateways: 0 }),
  vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
  instanceType: new ec2.InstanceType('t3.small'),
  machineImage: web,
});
new CfnOutput(service, 'BoxId', { value: box.instanceId });
if (TAKEN) { new ssm.StringParameter(service, 'Taken', { parameterName: TAKEN, stringValue: 'mine' }).node.addDependency(box); }
