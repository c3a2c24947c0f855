import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnInstance } from 'aws-cdk-lib/aws-ec2';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Assemblies, imageIn, propertiesOf, type Resources } from './codebuild-declaration';
import { AmiImage } from '../../lib/image/ami-image';
import type { AmiImageProps } from '../../lib/image/ami-image-props';
import type { CodeBuildOptions } from '../../lib/image/codebuild/code-build-options';
import { Delivery } from '../../lib/image/delivery';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import { Source } from '../../lib/image/sources/source';

let assemblies: Assemblies;
beforeEach(() => { assemblies = new Assemblies(); });
afterEach(() => assemblies.remove());

const resourcesOf = (template: Template) => template.toJSON().Resources as Resources;
const idsOf = (template: Template, type: string) => Object.keys(template.findResources(type)).sort();
const timesOf = (template: Template) => Object.values(template.findResources('AWS::CloudFormation::WaitCondition')).map(({ Properties }) => Properties.Timeout);

/** Everything that a resource waits for, directly or not. */
function needs(resources: Resources, id: string, found = new Set<string>()): Set<string> {
  const { DependsOn = [], Properties } = resources[id];
  const references = [...JSON.stringify(Properties ?? {}).matchAll(/"(?:Ref|Fn::GetAtt)":(?:\["|")([^"]+)"/g)].map(([, name]) => name);
  for (const each of [...[DependsOn].flat(), ...references]) {
    if (!(each in resources) || found.has(each)) { continue; }
    found.add(each);
    needs(resources, each, found);
  }
  return found;
}

test('a stack has what it takes to build its image, and nothing is open to others', () => {
  const template = assemblies.template();
  // Hashes of the engine change with each change of it.
  const text = JSON.stringify(template.toJSON(), undefined, 2).replace(/[0-9a-f]{64}\.zip/g, 'ASSET.zip')
    .replace(/"ZipFile": ".*"/g, '"ZipFile": "..."').replace(/x[0-9a-f]{16}"/g, 'xHASH"').replace(/[0-9a-f]{64}/g, 'DIGEST');
  expect(JSON.parse(text).Resources).toMatchSnapshot();
});

test('what deploys the image waits for its build, and whoever uses it waits for that', () => {
  const stack = assemblies.stack();
  const image = imageIn(stack);
  new CfnInstance(stack, 'Box', { imageId: image.imageId });
  const template = Template.fromStack(stack);
  const resources = resourcesOf(template);
  const [start] = idsOf(template, 'Custom::GoldenImageBuild');
  const [wait] = idsOf(template, 'AWS::CloudFormation::WaitCondition');
  const [made] = idsOf(template, 'Custom::GoldenImage');
  expect(resources.Box.Properties.ImageId).toEqual({ 'Fn::GetAtt': [made, 'ImageId'] });
  expect(propertiesOf(template, 'Custom::GoldenImage')).toMatchObject({ Parameter: image.parameterName, Removal: 'retain' });
  expect([...needs(resources, 'Box')]).toEqual(expect.arrayContaining([made, wait, start]));
  // The alias is a resource, so that it goes back with the stack.
  expect(Object.values(resources).filter(({ Type, Properties }) => Type === 'AWS::SSM::Parameter' && Properties.DataType)).toMatchObject([
    { Properties: { Name: image.aliasParameterName, Value: { 'Fn::GetAtt': [made, 'ImageId'] } } },
  ]);
});

test('a build begins when all that it and its answer take is there, and that goes after it', () => {
  const template = assemblies.template((stack) => ({ notifications: new Topic(stack, 'News'), schedule: Schedule.rate(Duration.days(1)) }));
  const resources = resourcesOf(template);
  const [start] = idsOf(template, 'Custom::GoldenImageBuild');
  const types = [
    'AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::CodeBuild::Project', 'AWS::Lambda::Function', 'AWS::Lambda::Permission',
    'AWS::Events::Rule', 'AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'AWS::Logs::LogGroup',
  ];
  expect([...needs(resources, start)]).toEqual(expect.arrayContaining(types.flatMap((type) => idsOf(template, type))));
});

describe('what a deployment waits with', () => {
  const namesOf = (props: Partial<AmiImageProps>, options: CodeBuildOptions = {}) => {
    const template = assemblies.template(() => options, props);
    return [...idsOf(template, 'AWS::CloudFormation::WaitConditionHandle'), ...idsOf(template, 'AWS::CloudFormation::WaitCondition')];
  };

  test('is new exactly where something is to be built or delivered anew', () => {
    const names = namesOf({});
    expect(names).toEqual([expect.stringMatching(/^GoldenHandle0x[0-9a-f]{16}$/), expect.stringMatching(/^GoldenWait0x[0-9a-f]{16}$/)]);
    expect(namesOf({ builder: { waitForCloudInit: false } })).toEqual(names);
    expect(namesOf({ provisioners: [Provisioner.shell({ inline: ['true'] })] })).not.toEqual(names);
    expect(namesOf({ distribution: { regions: ['us-east-1'] } })).not.toEqual(names);
    // A condition that is there cannot be given another time.
    expect(namesOf({}, { timeout: Duration.hours(2) })).not.toEqual(names);
  });

  test.each([
    [Duration.minutes(5), ['4500']], [Duration.hours(8), ['33000']], [Duration.minutes(650), ['43200']], [Duration.minutes(651), ['43200', '43200']],
    [Duration.hours(36), ['43200', '43200', '43200', '43200']],
  ])('for a build of %s is one condition after the other, none longer than CloudFormation allows', (timeout, times) => {
    const template = assemblies.template(() => ({ timeout }));
    expect(timesOf(template)).toEqual(times);
    expect(propertiesOf(template, 'AWS::CodeBuild::Project')).toMatchObject({ TimeoutInMinutes: timeout.toMinutes(), QueuedTimeoutInMinutes: 60 });
    const isLong = times.length > 1;
    const clocks = template.findResources('AWS::Events::Rule', { Properties: { ScheduleExpression: 'rate(30 minutes)' } });
    expect(Object.keys(clocks)).toHaveLength(isLong ? 1 : 0);
  });

  test('in a chain has the URL of a condition made when the one before it has ended', () => {
    const template = assemblies.template(() => ({ timeout: Duration.hours(36) }));
    const resources = resourcesOf(template);
    const handles = idsOf(template, 'AWS::CloudFormation::WaitConditionHandle');
    const conditions = idsOf(template, 'AWS::CloudFormation::WaitCondition');
    expect(handles.map((id) => resources[id].DependsOn)).toEqual([undefined, [conditions[0]], [conditions[1]], [conditions[2]]]);
    const parts = Object.values(template.findResources('Custom::GoldenImageBuild')).map(({ Properties: { Part, Handle, FirstHandle, GoesOnSeconds } }) => (
      [Part, Handle.Ref, FirstHandle.Ref, GoesOnSeconds]
    ));
    expect(parts).toEqual([
      [0, handles[0], handles[0], 39600],
      [1, handles[1], handles[0], 39600],
      [2, handles[2], handles[0], 39600],
      [3, handles[3], handles[0], undefined],
    ]);
    expect([...needs(resources, idsOf(template, 'Custom::GoldenImage')[0])]).toEqual(expect.arrayContaining([...handles, ...conditions]));
  });
});

describe('an image that starts from another', () => {
  test('of the same stack is built after it', () => {
    const stack = assemblies.stack();
    const base = new AmiImage(stack, 'Base', { source: Source.debian('12'), delivery: Delivery.codeBuild() });
    new AmiImage(stack, 'Web', { source: Source.image(base), delivery: Delivery.codeBuild() });
    const template = Template.fromStack(stack);
    const resources = resourcesOf(template);
    const of = (type: string, image: string) => idsOf(template, type).find((id) => id.startsWith(image))!;
    expect([...needs(resources, of('Custom::GoldenImageBuild', 'Web'))]).toContain(of('Custom::GoldenImage', 'Base'));
    expect([...needs(resources, of('Custom::GoldenImageBuild', 'Base'))].filter((id) => id.startsWith('Web'))).toEqual([]);
  });

  test('of another stack has that one deployed first', () => {
    const app = assemblies.app();
    const home = assemblies.stack(app, 'Home');
    const base = new AmiImage(home, 'Base', { source: Source.debian('12'), delivery: Delivery.codeBuild() });
    const stack = assemblies.stack(app);
    new AmiImage(stack, 'Web', { source: Source.image(base), delivery: Delivery.codeBuild() });
    app.synth();
    expect(stack.dependencies).toEqual([home]);
  });
});

test('another stack reads the parameter of the definition, and is deployed later', () => {
  const app = assemblies.app();
  const home = assemblies.stack(app, 'Home');
  const image = imageIn(home);
  const user = assemblies.stack(app);
  new CfnInstance(user, 'Box', { imageId: image.getImage(user).imageId });
  const template = Template.fromStack(user);
  template.hasParameter(`GoldenImage${image.definitionHash.slice(0, 16)}`, { Default: image.parameterName });
  expect(user.dependencies).toEqual([home]);
});
