import { App, Aspects, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { declareImage, newStack } from './declaration';
import { AmiImage } from '../../lib/image/ami-image';
import { Check } from '../../lib/image/checks/check';
import { Delivery } from '../../lib/image/delivery';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import { Source } from '../../lib/image/sources/source';

const shell = (line: string) => Provisioner.shell({ inline: [line] });

describe('a locked image', () => {
  test('takes provisioners and checks until its hash is read', () => {
    const image = declareImage();
    image.addProvisioner(shell('true'));
    image.addCheck(Check.service('cron'));

    expect(image.definitionHash).toMatch(/^[0-9a-f]{64}$/);

    expect(() => image.addProvisioner(shell('true'))).toThrow('Stack/Image: the definition of the image was read already');
    expect(() => image.addCheck(Check.service('ssh'))).toThrow('Stack/Image: the definition of the image was read already');
  });

  test.each<[string, (image: AmiImage) => unknown]>([
    ['its parameter name', (image) => image.parameterName],
    ['its AMI ID', (image) => image.imageId],
    ['getImage', (image) => image.getImage(image)],
    ['its plan', (image) => image._plan()],
    ['an image made from it', (image) => new AmiImage(Stack.of(image), 'Child', { source: Source.image(image) }).definitionHash],
  ])('is locked by %s', (_, use) => {
    const image = declareImage();
    use(image);
    expect(() => image.addProvisioner(shell('true'))).toThrow('cannot change any more');
  });

  test('a provisioner that kept its context cannot change it behind the image\'s back', () => {
    const image = declareImage();
    let late = () => {};
    image.addProvisioner({ bind: (_scope, context) => { late = () => context.run({ inline: ['true'] }); } });
    expect(image.definitionHash).toBeDefined();
    expect(late).toThrow('cannot change any more');
  });

  test('an aspect may still add to an image that nothing has used', () => {
    const stack = newStack();
    const image = declareImage({}, stack);
    Aspects.of(stack).add({ visit: (node) => { if (AmiImage.isAmiImage(node)) { node.addCheck(Check.service('auditd')); } } });
    (stack.node.root as App).synth();
    expect(image._plan().definition.checks).toEqual([expect.objectContaining({ type: 'service', resource: 'auditd' })]);
  });
});

describe('in a stack', () => {
  test('a stack with nothing but prebuilt images is synthesised, and owns one parameter for each', () => {
    const stack = newStack();
    const delivery = Delivery.prebuilt();
    const image = declareImage({ delivery }, stack);
    const other = new AmiImage(stack, 'Other', { source: Source.ubuntu('24.04'), delivery });

    const template = Template.fromStack(stack);

    template.resourceCountIs('AWS::SSM::Parameter', 2);
    template.hasResourceProperties('AWS::SSM::Parameter', {
      Type: 'String', Name: '/golden/definitions/Stack/Image-79ee9bd1', Value: image.definitionHash,
    });
    template.hasResourceProperties('AWS::SSM::Parameter', { Value: other.definitionHash });
    // BootstrapVersion is CDK's own.
    expect(Object.keys(template.findParameters('*'))).toEqual(['BootstrapVersion']);
  });

  test('an instance gets the AMI ID by a parameter with the hash in its logical ID and its default', () => {
    const stack = newStack({ env: { account: '123456789012', region: 'eu-west-1' } });
    const image = declareImage({}, stack);
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'], privateSubnetIds: ['subnet-1'] });
    new ec2.Instance(stack, 'Box', { vpc, instanceType: new ec2.InstanceType('t3.small'), machineImage: image });

    const template = Template.fromStack(stack);

    const logicalId = `GoldenImage${image.definitionHash.slice(0, 16)}`;
    template.hasParameter(logicalId, { Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: `/golden/images/${image.definitionHash}` });
    template.hasResourceProperties('AWS::EC2::Instance', { ImageId: { Ref: logicalId } });
  });

  test('another definition has another logical ID, so that CloudFormation cannot keep the old value', () => {
    const ids = ['echo 1', 'echo 2'].map((line) => {
      const stack = newStack();
      new ec2.LaunchTemplate(stack, 'Template', { machineImage: declareImage({ provisioners: [shell(line)] }, stack) });
      return Object.keys(Template.fromStack(stack).findParameters('*')).filter((id) => id !== 'BootstrapVersion');
    });
    expect(ids).toEqual([[expect.stringMatching(/^GoldenImage/)], [expect.stringMatching(/^GoldenImage/)]]);
    expect(ids[0]).not.toEqual(ids[1]);
  });

  test('getImage says that it is a Linux, with empty user data', () => {
    const config = declareImage().getImage(newStack());
    expect(config.osType).toBe(ec2.OperatingSystemType.LINUX);
    expect(config.userData.render()).toBe('#!/bin/bash');
  });
});

describe('finding images', () => {
  test('an image is known by its mark, and found from the scope of its provisioners', () => {
    const image = declareImage({ provisioners: [shell('true')] });
    expect(AmiImage.isAmiImage(image)).toBe(true);
    expect(AmiImage.isAmiImage(image.node.findChild('Shell'))).toBe(false);
    expect(AmiImage.of(image.node.findChild('Shell'))).toBe(image);
  });

  test('a construct outside of any image is an error with its path', () => {
    expect(() => AmiImage.of(newStack())).toThrow('Stack is not part of an image');
  });
});
