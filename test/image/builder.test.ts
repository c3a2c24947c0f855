import { App, CfnOutput, CfnParameter, Duration, Fn, Lazy, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { declareImage, faultsOf, newStack } from './declaration';
import type { AmiImageProps } from '../../lib/image/ami-image-props';
import type { BuilderOptions } from '../../lib/image/builder-options';
import { BuilderTenancy } from '../../lib/image/machine/builder-placement';
import { OsFamily } from '../../lib/image/os-family';
import { Source } from '../../lib/image/sources/source';
import type { Builder } from '../../lib/plan/builder';

const env = { account: '111122223333', region: 'eu-west-1' };

const builderOf = (builder: BuilderOptions, stack?: Stack): Builder => declareImage({ builder }, stack)._plan().builder;
const faults = (builder: BuilderOptions, stack?: Stack) => faultsOf(declareImage({ builder }, stack)).map(({ code, message }) => [code, message]);

/** A stack for networks and one for images, in one app. */
function twoStacks(): { network: Stack; images: Stack; app: App } {
  const app = new App();
  return { app, network: new Stack(app, 'Network', { env }), images: new Stack(app, 'Images', { env }) };
}

test('without options it is on demand, over Systems Manager, in whatever network is there', () => {
  expect(builderOf({})).toMatchObject({
    instanceTypes: ['t3.medium'], communicator: { type: 'ssm' }, checkpoints: [], tags: {}, waitForCloudInit: true, leaseMinutes: 30,
  });
  expect(JSON.parse(JSON.stringify(builderOf({}).network))).toEqual({});
});

test('everything that is said of it is in the plan', () => {
  const builder = builderOf({
    instanceTypes: [new ec2.InstanceType('m7i.large'), new ec2.InstanceType('c7i.large')],
    subnetFilters: { 'tag:Tier': ['build'] },
    securityGroupFilters: { 'group-name': ['build-*'] },
    associatePublicIpAddress: false,
    spot: { maxPrice: 0.05 },
    placement: { availabilityZone: 'eu-west-1a', tenancy: BuilderTenancy.HOST, hostId: 'h-0123456789abcdef0', placementGroupName: 'builds' },
    tags: { team: 'web' },
    waitForCloudInit: false,
    leaseTimeout: Duration.hours(1),
  });
  expect(JSON.parse(JSON.stringify(builder))).toEqual({
    instanceTypes: ['m7i.large', 'c7i.large'],
    communicator: { type: 'ssm' },
    checkpoints: [],
    network: { subnetFilters: { 'tag:Tier': ['build'] }, securityGroupFilters: { 'group-name': ['build-*'] }, publicIp: false },
    spot: { maxPrice: '0.05' },
    placement: { availabilityZone: 'eu-west-1a', tenancy: 'host', hostId: 'h-0123456789abcdef0', groupName: 'builds' },
    tags: { team: 'web' },
    waitForCloudInit: false,
    leaseMinutes: 60,
  });
});

describe('what is known at synthesis', () => {
  test('an imported network is in the plan as it is', () => {
    const stack = newStack({ env });
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['eu-west-1a', 'eu-west-1b'], privateSubnetIds: ['subnet-a', 'subnet-b'] });
    const builder = builderOf({
      vpc,
      securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-1')],
      instanceProfile: iam.InstanceProfile.fromInstanceProfileName(stack, 'Profile', 'builder'),
    }, stack);
    expect(builder.network).toMatchObject({
      vpc: { type: 'literal', value: 'vpc-1' },
      subnets: [{ type: 'literal', value: 'subnet-a' }, { type: 'literal', value: 'subnet-b' }],
      securityGroups: [{ type: 'literal', value: 'sg-1' }],
    });
    expect(builder.instanceProfile).toEqual({ type: 'literal', value: 'builder' });
  });

  test('a network of which nothing but its ID is known leaves the subnet to the build', () => {
    const stack = newStack({ env });
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['eu-west-1a'] });
    expect(builderOf({ vpc }, stack).network).toMatchObject({ vpc: { type: 'literal', value: 'vpc-1' }, subnets: undefined });
  });

  test('a network that is looked up does not fail the first synthesis, before its ID is known', () => {
    const stack = newStack({ env });
    const vpc = ec2.Vpc.fromLookup(stack, 'Vpc', { isDefault: true });
    const group = ec2.SecurityGroup.fromLookupByName(stack, 'Group', 'builds', vpc);
    expect(faults({ vpc, vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }, securityGroups: [group] }, stack)).toEqual([]);
  });
});

describe('what another stack declares', () => {
  test('is read from outputs of that stack, which is deployed before', () => {
    const { app, network, images } = twoStacks();
    const vpc = new ec2.Vpc(network, 'Vpc', { maxAzs: 1 });
    const group = new ec2.SecurityGroup(network, 'Group', { vpc });
    const profile = new iam.InstanceProfile(network, 'Profile');
    const builder = builderOf({ vpc, securityGroups: [group], instanceProfile: profile }, images);

    expect(builder.network).toMatchObject({
      vpc: { type: 'stackOutput', stack: 'Network', output: expect.stringMatching(/^GoldenImageNetworkVpc/) },
      subnets: [{ type: 'stackOutput', stack: 'Network', output: expect.stringMatching(/^GoldenImageNetworkVpcPrivateSubnet1/) }],
      securityGroups: [{ type: 'stackOutput', stack: 'Network', output: expect.stringMatching(/^GoldenImageNetworkGroup.*GroupId$/) }],
    });
    expect(images.dependencies).toEqual([network]);
    const template = Template.fromStack(network);
    const hasOutput = (late: unknown, value: unknown) => template.hasOutput((late as { output: string }).output, { Value: value });
    hasOutput(builder.network.vpc, { Ref: network.getLogicalId(vpc.node.defaultChild as ec2.CfnVPC) });
    hasOutput(builder.network.securityGroups![0], { 'Fn::GetAtt': [Match.anyValue(), 'GroupId'] });
    hasOutput(builder.instanceProfile, { Ref: Match.stringLikeRegexp('^Profile') });
    expect(Object.values(template.findOutputs('*')).filter((output) => 'Export' in output)).toEqual([]);
    app.synth();
  });

  test('is one output for all images that read it, with the same name in every synthesis', () => {
    const outputs = () => {
      const { network, images } = twoStacks();
      const vpc = new ec2.Vpc(network, 'Vpc', { maxAzs: 1 });
      builderOf({ vpc }, images);
      builderOf({ vpc }, new Stack(network.node.root as App, 'More', { env }));
      return network.node.children.filter((child) => CfnOutput.isCfnElement(child)).map((child) => child.node.id);
    };
    expect(outputs()).toHaveLength(2);
    expect(outputs()).toEqual(outputs());
  });

  test('in a nested stack is an output of the stack around it', () => {
    const { app, network, images } = twoStacks();
    const vpc = new ec2.Vpc(new NestedStack(network, 'Nested'), 'Vpc', { maxAzs: 1 });
    expect(builderOf({ vpc }, images).network.vpc).toMatchObject({ type: 'stackOutput', stack: 'Network' });
    app.synth();
  });

  test('in another region says which', () => {
    const app = new App();
    const network = new Stack(app, 'Network', { env: { ...env, region: 'us-east-1' } });
    const vpc = new ec2.Vpc(network, 'Vpc', { maxAzs: 1 });
    expect(builderOf({ vpc }, new Stack(app, 'Images', { env })).network.vpc).toMatchObject({ stack: 'Network', region: 'us-east-1' });
    app.synth();
  });

  test('is refused where that stack needs the image\'s own', () => {
    const { network, images } = twoStacks();
    network.addDependency(images);
    const vpc = new ec2.Vpc(network, 'Vpc', { maxAzs: 1, subnetConfiguration: [] });
    expect(faults({ vpc }, images)).toEqual([['token', 'builder.vpc is Network/Vpc/Resource, of a stack that needs the image\'s own stack']]);
  });

  test('is refused in another account', () => {
    const app = new App();
    const vpc = new ec2.Vpc(new Stack(app, 'Network', { env: { ...env, account: '444455556666' } }), 'Vpc', { maxAzs: 1, subnetConfiguration: [] });
    expect(faults({ vpc }, new Stack(app, 'Images', { env }))).toEqual([
      ['token', 'builder.vpc is Network/Vpc/Resource, of the account 444455556666; the image is built in 111122223333'],
    ]);
  });

  test('is refused in another stage', () => {
    const app = new App();
    const vpc = new ec2.Vpc(new Stack(new Stage(app, 'Test'), 'Network', { env }), 'Vpc', { maxAzs: 1, subnetConfiguration: [] });
    expect(faults({ vpc }, new Stack(app, 'Images', { env }))).toEqual([['token', 'builder.vpc is Test/Network/Vpc/Resource, of another stage']]);
  });
});

describe('what nobody can read when the image is built', () => {
  test('is what its own stack declares, which says the two ways out', () => {
    const stack = newStack({ env });
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1, subnetConfiguration: [] });
    expect(faultsOf(declareImage({ builder: { vpc } }, stack))).toEqual([{
      code: 'token',
      message: 'builder.vpc is Stack/Vpc/Resource, of the image\'s own stack: that is deployed after the image is built',
      hint: 'Declare it in another stack of the app, which is then deployed before the image is built; or look it up or import it by its ID, '
        + 'as by Vpc.fromLookup or Vpc.fromVpcAttributes.',
      path: 'Stack/Image',
    }]);
  });

  test.each<[string, (stack: Stack) => string]>([
    ['a pseudo parameter', (stack) => stack.stackId],
    ['an import', () => Fn.importValue('group')],
    ['a part of a text', (stack) => `sg-${stack.stackId}`],
    ['something that is made up later', () => Lazy.string({ produce: () => 'sg-1' })],
    ['a version of an SSM parameter', (stack) => ssm.StringParameter.fromStringParameterAttributes(stack, 'P', { parameterName: '/group', version: 3 }).stringValue],
  ])('is %s', (_, id) => {
    const stack = newStack({ env });
    const group = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', id(stack));
    expect(faults({ securityGroups: [group] }, stack)).toEqual([['token', expect.stringMatching(/^builder\.securityGroups holds a CDK token that nobody can read/)]]);
  });

  test('is a parameter of the template', () => {
    const stack = newStack({ env });
    const group = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', new CfnParameter(stack, 'GroupId').valueAsString);
    expect(faults({ securityGroups: [group] }, stack)).toEqual([['token', expect.stringContaining('Stack/GroupId, of the image\'s own stack')]]);
  });
});

test.each<[string, (stack: Stack) => string]>([
  ['a parameter of the template', (stack) => ssm.StringParameter.valueForStringParameter(stack, '/network/group')],
  ['a parameter that is imported by name', (stack) => ssm.StringParameter.fromStringParameterName(stack, 'P', '/network/group').stringValue],
])('the value of an SSM parameter, %s, is read when the image is built', (_, id) => {
  const stack = newStack({ env });
  const group = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', id(stack));
  expect(builderOf({ securityGroups: [group] }, stack).network.securityGroups).toEqual([{ type: 'ssm', name: '/network/group' }]);
});

test.each<[string, BuilderOptions, string]>([
  ['two ways to the subnets', { vpcSubnets: { subnets: [] }, subnetFilters: { 'tag:a': ['b'] } }, 'conflicting-options'],
  ['two ways to the groups', { securityGroups: [], securityGroupFilters: {} }, 'conflicting-options'],
  ['subnets without a VPC', { vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } }, 'no-vpc'],
  ['an empty list of groups', { securityGroups: [] }, 'no-security-group'],
  ['a price of nothing', { spot: { maxPrice: 0 } }, 'invalid-price'],
  ['a price below what EC2 takes', { spot: { maxPrice: 1e-7 } }, 'invalid-price'],
  ['a lease that a lost connection would end', { leaseTimeout: Duration.minutes(2) }, 'invalid-lease'],
  ['a lease of a token', { leaseTimeout: Duration.minutes(Lazy.number({ produce: () => 30 })) }, 'token'],
  ['a tag that only AWS may set', { tags: { 'aws:team': 'web' } }, 'invalid-tag'],
  ['a tag of our own', { tags: { 'golden:build': 'x' } }, 'invalid-tag'],
  ['a zone that is none', { placement: { availabilityZone: 'Ireland' } }, 'invalid-availability-zone'],
  ['a host that is none', { placement: { hostId: 'a', tenancy: BuilderTenancy.HOST } }, 'invalid-host'],
  ['a host without the tenancy', { placement: { hostId: 'h-0123456789abcdef0' } }, 'conflicting-options'],
])('%s is a fault', (_, builder, code) => {
  expect(faults(builder).map(([first]) => first)).toContain(code);
});

test('a selection that the VPC cannot fulfil is a fault with CDK\'s reason', () => {
  const { network, images } = twoStacks();
  const vpc = new ec2.Vpc(network, 'Vpc', { maxAzs: 1, subnetConfiguration: [{ name: 'Public', subnetType: ec2.SubnetType.PUBLIC }] });
  expect(faults({ vpc, vpcSubnets: { subnetGroupName: 'Build' } }, images)).toEqual([
    ['no-subnet', expect.stringMatching(/^vpcSubnets of the builder cannot be selected: There are no subnet groups with name 'Build'/)],
  ]);
});

describe('a source without the SSM agent', () => {
  const codes = (props: Partial<AmiImageProps>) => faultsOf(declareImage(props)).map(({ code }) => code);

  test.each([['Debian', OsFamily.DEBIAN], ['Red Hat', OsFamily.REDHAT], ['SUSE', OsFamily.SUSE]])('gets it when the machine starts: %s', (_, osFamily) => {
    expect(codes({ source: Source.ami('ami-01234567', { osFamily }) })).toEqual([]);
  });

  test.each([['Alpine', OsFamily.ALPINE], ['another Linux', OsFamily.LINUX]])('is refused where it cannot be installed: %s', (_, osFamily) => {
    expect(codes({ source: Source.ami('ami-01234567', { osFamily }) })).toEqual(['no-ssm-agent']);
  });
});
