import { Stack, type App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { declareImage, newStack } from './declaration';
import type { AmiImage } from '../../lib/image/ami-image';

const env = { account: '111122223333', region: 'eu-west-1' };
const instanceType = new ec2.InstanceType('t3.small');

let stack: Stack;
let image: AmiImage;
let vpc: ec2.IVpc;

beforeEach(() => {
  stack = newStack({ env });
  image = declareImage({}, stack);
  vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1', availabilityZones: ['a', 'b'], privateSubnetIds: ['subnet-1', 'subnet-2'], publicSubnetIds: ['subnet-3', 'subnet-4'],
  });
});

const amiId = () => ({ Ref: `GoldenImage${image.definitionHash.slice(0, 16)}` });

/** The user data in a resource, as the text that it becomes. */
const userData = (data: unknown) => JSON.stringify(data);

test('an instance', () => {
  new ec2.Instance(stack, 'Box', { vpc, instanceType, machineImage: image });
  Template.fromStack(stack).hasResourceProperties('AWS::EC2::Instance', { ImageId: amiId(), UserData: { 'Fn::Base64': '#!/bin/bash' } });
});

test('a launch template', () => {
  const template = new ec2.LaunchTemplate(stack, 'Template', { machineImage: image, userData: ec2.UserData.forLinux() });
  expect(template.osType).toBe(ec2.OperatingSystemType.LINUX);
  expect(template.imageId).toBeDefined();
  Template.fromStack(stack).hasResourceProperties('AWS::EC2::LaunchTemplate', { LaunchTemplateData: { ImageId: amiId() } });
});

test('an Auto Scaling group', () => {
  const group = new AutoScalingGroup(stack, 'Group', { vpc, instanceType, machineImage: image });
  group.addUserData('echo hello');
  expect(group.osType).toBe(ec2.OperatingSystemType.LINUX);
  const [template] = Object.values(Template.fromStack(stack).findResources('AWS::AutoScaling::LaunchConfiguration')).map(({ Properties }) => Properties);
  expect(template).toMatchObject({ ImageId: amiId(), UserData: { 'Fn::Base64': '#!/bin/bash\necho hello' } });
});

test('capacity of an ECS cluster', () => {
  const autoScalingGroup = new AutoScalingGroup(stack, 'Group', { vpc, instanceType, machineImage: image });
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc });
  cluster.addAsgCapacityProvider(new ecs.AsgCapacityProvider(stack, 'Capacity', { autoScalingGroup }));

  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::ECS::CapacityProvider', 1);
  const [launch] = Object.values(template.findResources('AWS::AutoScaling::LaunchConfiguration')).map(({ Properties }) => Properties);
  expect(launch.ImageId).toEqual(amiId());
  expect(userData(launch.UserData)).toMatch(/#!\/bin\/bash.*ECS_CLUSTER=/);
});

describe('an EKS cluster', () => {
  const cluster = () => new eks.Cluster(stack, 'Cluster', {
    vpc,
    version: eks.KubernetesVersion.V1_32,
    defaultCapacity: 0,
    kubectlLayer: LayerVersion.fromLayerVersionArn(stack, 'Kubectl', 'arn:aws:lambda:eu-west-1:111122223333:layer:kubectl:1'),
  });

  test('with capacity of its own', () => {
    const group = new AutoScalingGroup(stack, 'Group', { vpc, instanceType, machineImage: image });
    cluster().connectAutoScalingGroupCapacity(group, {});

    const [launch] = Object.values(Template.fromStack(stack).findResources('AWS::AutoScaling::LaunchConfiguration')).map(({ Properties }) => Properties);
    expect(launch.ImageId).toEqual(amiId());
    expect(userData(launch.UserData)).toContain('/etc/eks/bootstrap.sh');
  });

  test('with a node group', () => {
    const template = new ec2.LaunchTemplate(stack, 'Template', { machineImage: image });
    cluster().addNodegroupCapacity('Nodes', { launchTemplateSpec: { id: template.launchTemplateId!, version: template.latestVersionNumber } });

    Template.fromStack(stack).hasResourceProperties('AWS::EKS::Nodegroup', { LaunchTemplate: { Id: stack.resolve(template.launchTemplateId) } });
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::LaunchTemplate', { LaunchTemplateData: { ImageId: amiId() } });
  });
});

test('whatever reads an ID when it launches, by the alias', () => {
  const machineImage = ec2.MachineImage.resolveSsmParameterAtLaunch(image.aliasParameterName);
  new ec2.LaunchTemplate(stack, 'Template', { machineImage });
  Template.fromStack(stack).hasResourceProperties('AWS::EC2::LaunchTemplate', {
    LaunchTemplateData: { ImageId: 'resolve:ssm:/golden/aliases/Stack/Image-79ee9bd1' },
  });
});

describe('who may launch it', () => {
  const statements = (of: Stack) => Object.values(Template.fromStack(of).findResources('AWS::IAM::Policy')).flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
  const role = (of: Stack) => new iam.Role(of, 'Role', { assumedBy: new iam.AccountPrincipal(env.account) });

  test('gets the image, its snapshots and its parameters, and nothing else', () => {
    image.grantLaunch(role(stack)).assertSuccess();
    expect(statements(stack)).toMatchSnapshot();
  });

  test('gets the use of its key', () => {
    const other = newStack({ env });
    const encryptionKey = kms.Key.fromKeyArn(other, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab');
    declareImage({ encryptionKey }, other).grantLaunch(role(other));
    expect(statements(other).filter(({ Action }) => JSON.stringify(Action).includes('kms:'))).toMatchSnapshot();
  });

  test('gets it in the region where it is used', () => {
    const consumer = new Stack(stack.node.root as App, 'Consumer', { env: { ...env, region: 'us-east-1' } });
    image.grantLaunch(role(consumer));
    expect(image._plan().delivery.regions).toEqual([{ region: 'us-east-1' }]);
    expect(JSON.stringify(statements(consumer))).toContain(':ec2:us-east-1::image/');
  });
});
