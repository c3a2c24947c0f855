import { App, CfnOutput, Stack, Stage, type StackProps } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { declareImage, faultsOf } from './declaration';
import { AmiImage } from '../../lib/image/ami-image';
import type { AmiImageProps } from '../../lib/image/ami-image-props';
import { Delivery } from '../../lib/image/delivery';
import { DeliveryRole } from '../../lib/image/delivery-role';
import { Source } from '../../lib/image/sources/source';

const env = { account: '111122223333', region: 'eu-west-1' };
const away = { ...env, region: 'us-east-1' };
const foreign = { account: '444455556666', region: 'eu-west-1' };

const imageIn = (app: App, props: Partial<AmiImageProps> = {}, stackProps: StackProps = { env }) => declareImage(props, new Stack(app, 'Images', stackProps));
const use = (stack: Stack, image: AmiImage, id = 'Template') => new ec2.LaunchTemplate(stack, id, { machineImage: image });
const deliveryOf = (image: AmiImage) => image._plan().delivery;
const logicalId = (image: AmiImage) => `GoldenImage${image.definitionHash.slice(0, 16)}`;

describe('a stack of the same environment', () => {
  test('reads the AMI ID by a parameter of its own, and is deployed after the stack of the image', () => {
    const app = new App();
    const image = imageIn(app);
    const consumer = new Stack(app, 'Consumer', { env });
    ['A', 'B'].forEach((id) => use(consumer, image, id));

    expect(consumer.dependencies.map(({ stackName }) => stackName)).toEqual(['Images']);
    Template.fromStack(consumer).hasParameter(logicalId(image), { Default: `/golden/images/${image.definitionHash}` });
    Template.fromStack(consumer).allResourcesProperties('AWS::EC2::LaunchTemplate', { LaunchTemplateData: { ImageId: { Ref: logicalId(image) } } });
    expect(deliveryOf(image)).toMatchObject({ regions: [], sharing: { accounts: [] } });
    expect(deliveryOf(image)).not.toHaveProperty('consumers');
  });

  test('does not wait for the stack of a prebuilt image', () => {
    const app = new App();
    const image = imageIn(app, { delivery: Delivery.prebuilt() });
    const consumer = new Stack(app, 'Consumer', { env });
    use(consumer, image);
    expect(consumer.dependencies).toEqual([]);
  });

  test('may be known only when it is deployed, where that is so of both', () => {
    const app = new App();
    const image = imageIn(app, {}, {});
    const consumer = new Stack(app, 'Consumer');
    use(consumer, image);
    expect(faultsOf(image)).toEqual([]);
    expect(consumer.dependencies.map(({ stackName }) => stackName)).toEqual(['Images']);
  });

  test('of another stage is not deployed after it, which is the business of a pipeline', () => {
    const app = new App();
    const image = imageIn(app);
    const consumer = new Stack(new Stage(app, 'Prod'), 'Consumer', { env });
    use(consumer, image);
    expect(faultsOf(image)).toEqual([]);
    expect(consumer.dependencies).toEqual([]);
    Template.fromStack(consumer).hasParameter(logicalId(image), {});
  });

  test('that the stack of the image needs is a fault that says so', () => {
    const app = new App();
    const image = imageIn(app);
    const consumer = new Stack(app, 'Consumer', { env });
    Stack.of(image).addDependency(consumer);
    use(consumer, image);
    expect(faultsOf(image)).toEqual([{
      code: 'circular-stacks',
      path: 'Images/Image',
      message: 'The image is used in the stack Consumer, which its own stack Images needs',
      hint: 'Declare the image in a stack that needs nothing of those that use it, or deliver it by Delivery.prebuilt().',
    }]);
  });
});

describe('the ID as it is, imageId', () => {
  const outputs = (stack: Stack) => Template.fromStack(stack).toJSON().Outputs;

  test.each([['same', env], ['another', away]])('is read by the parameter of a stack of the %s region, and nothing is exported', (_, place) => {
    const app = new App();
    const image = imageIn(app);
    const consumer = new Stack(app, 'Consumer', { env: place });
    new CfnOutput(consumer, 'Id', { value: image.imageId });

    expect(outputs(consumer)).toEqual({ Id: { Value: { Ref: logicalId(image) } } });
    expect(outputs(Stack.of(image))).toBeUndefined();
    expect(consumer.dependencies.map(({ stackName }) => stackName)).toEqual(['Images']);
    expect(deliveryOf(image).regions).toEqual(place === env ? [] : [{ region: 'us-east-1' }]);
  });

  test('may stand within a text', () => {
    const app = new App();
    const image = imageIn(app);
    const consumer = new Stack(app, 'Consumer', { env });
    new CfnOutput(consumer, 'Id', { value: `id=${image.imageId}` });
    expect(outputs(consumer)).toEqual({ Id: { Value: { 'Fn::Join': ['', ['id=', { Ref: logicalId(image) }]] } } });
  });

  test('is too late in a stage of another region that is synthesised after the image', () => {
    const app = new App();
    const image = declareImage({}, new Stack(new Stage(app, 'A'), 'Images', { env }));
    const declare = (id: string, value: (stack: Stack) => string) => {
      const consumer = new Stack(new Stage(app, id), 'Consumer', { env: away });
      new CfnOutput(consumer, 'Id', { value: value(consumer) });
    };
    declare('B', (consumer) => image.getImage(consumer).imageId);
    expect(() => app.synth()).not.toThrow();
    declare('C', () => image.imageId);
    expect(() => app.synth({ force: true })).toThrow('The ID of A/Images/Image is used in C/Consumer, for which its plan is written already');
  });
});

describe('a stack of another region', () => {
  test('is a place that the image is copied to, and is deployed after it', () => {
    const app = new App();
    const image = imageIn(app, { distribution: { regions: ['eu-central-1'] } });
    const consumers = [away, { ...env, region: 'ap-south-1' }].map((place) => new Stack(app, `Consumer-${place.region}`, { env: place }));
    consumers.forEach((consumer) => use(consumer, image));

    expect(deliveryOf(image)).toMatchObject({ regions: [{ region: 'eu-central-1' }, { region: 'ap-south-1' }, { region: 'us-east-1' }], sharing: { accounts: [] } });
    expect(deliveryOf(image)).not.toHaveProperty('consumers');
    expect(consumers.map(({ dependencies }) => dependencies.map(({ stackName }) => stackName))).toEqual([['Images'], ['Images']]);
    Template.fromStack(consumers[0]).hasParameter(logicalId(image), { Default: `/golden/images/${image.definitionHash}` });
  });

  test('changes where the image goes, also after its plan was read, and not what it is', () => {
    const app = new App();
    const image = imageIn(app);
    const { definitionHash, deliveryHash } = image._plan();
    use(new Stack(app, 'Consumer', { env: away }), image);
    expect(image._plan().definitionHash).toBe(definitionHash);
    expect(image._plan().deliveryHash).not.toBe(deliveryHash);
  });

  test('gets a copy that is encrypted with the key for that region', () => {
    const app = new App();
    const keys = new Stack(app, 'Keys', { env });
    const arn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const image = imageIn(app, { distribution: { encryptionKeys: { 'us-east-1': kms.Key.fromKeyArn(keys, 'Key', arn) } } });
    use(new Stack(app, 'Consumer', { env: away }), image);
    expect(deliveryOf(image).regions).toEqual([{ region: 'us-east-1', encryptionKey: { type: 'literal', value: arn } }]);
  });
});

describe('a stack of another account', () => {
  const shared = (app: App, key?: (stack: Stack) => kms.IKey, props: Partial<AmiImageProps> = {}) => (
    imageIn(app, { ...key ? { encryptionKey: key(new Stack(app, 'Keys', { env })) } : { encrypted: false }, ...props })
  );

  test('is a place that the image is shared with and told of, by the role of that account', () => {
    const app = new App();
    const image = shared(app);
    use(new Stack(app, 'Consumer', { env: foreign }), image);
    use(new Stack(app, 'Other', { env: { ...foreign, region: 'us-east-1' } }), image);

    expect(deliveryOf(image)).toMatchObject({
      regions: [{ region: 'us-east-1' }],
      sharing: { accounts: ['444455556666'] },
      consumers: [
        { account: '444455556666', region: 'eu-west-1', roleName: 'golden-delivery' },
        { account: '444455556666', region: 'us-east-1', roleName: 'golden-delivery' },
      ],
    });
  });

  test('may have a role of another name', () => {
    const app = new App();
    const image = shared(app, undefined, { distribution: { deliveryRoleName: 'images' } });
    use(new Stack(app, 'Consumer', { env: foreign }), image);
    expect(deliveryOf(image).consumers).toEqual([{ account: '444455556666', region: 'eu-west-1', roleName: 'images' }]);
  });

  const roleIn = (stack: Stack, roleName?: string) => new DeliveryRole(stack, 'Role', { builders: [new iam.AccountPrincipal(env.account)], roleName });
  const dependencies = (stack: Stack) => stack.dependencies.map(({ node }) => node.path);

  test.each([['before', false], ['after', true]])('has its role deployed before the image is built, also where that is declared %s it is used', (_, later) => {
    const app = new App();
    const image = shared(app);
    const [role, consumer] = ['Role', 'Consumer'].map((id) => new Stack(app, id, { env: foreign }));
    const declare = [() => roleIn(role), () => use(consumer, image)];
    (later ? declare.reverse() : declare).forEach((each) => each());
    expect([dependencies(Stack.of(image)), dependencies(consumer)]).toEqual([['Role'], ['Images']]);
    expect(faultsOf(image)).toEqual([]);
  });

  test.each([['before', false], ['after', true]])('cannot itself have the role, declared %s it is used', (_, later) => {
    const app = new App();
    const image = shared(app);
    const consumer = new Stack(app, 'Consumer', { env: foreign });
    const declare = [() => roleIn(consumer), () => use(consumer, image)];
    (later ? declare.reverse() : declare).forEach((each) => each());
    expect(faultsOf(image)).toEqual([{
      code: 'circular-stacks',
      path: 'Images/Image',
      message: 'The DeliveryRole in the stack Consumer is there only after the image is built, which needs it',
      hint: 'Declare it in a stack of its own, which is then deployed before that of the image.',
    }]);
  });

  test.each<[string, StackProps, string | undefined]>([
    ['another account', { env }, undefined], ['another name', { env: foreign }, 'other'],
  ])('does not wait for a role of %s', (_, props, roleName) => {
    const app = new App();
    const image = shared(app);
    roleIn(new Stack(app, 'Role', props), roleName);
    use(new Stack(app, 'Consumer', { env: foreign }), image);
    expect(dependencies(Stack.of(image))).toEqual([]);
  });

  test('is let use the key of the image, once', () => {
    const app = new App();
    const image = shared(app, (stack) => new kms.Key(stack, 'Key'));
    const consumer = new Stack(app, 'Consumer', { env: foreign });
    ['A', 'B'].forEach((id) => use(consumer, image, id));

    const [key] = Object.values(Template.fromStack(app.node.findChild('Keys') as Stack).findResources('AWS::KMS::Key')) as any[];
    const statements = (key.Properties.KeyPolicy.Statement as any[]).filter(({ Principal }) => JSON.stringify(Principal).includes('444455556666'));
    expect(statements.map(({ Action }) => Action)).toEqual([
      ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'], 'kms:CreateGrant',
    ]);
  });

  test('is warned of at an imported key, whose policy is elsewhere', () => {
    const app = new App();
    const image = shared(app, (stack) => kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'));
    use(new Stack(app, 'Consumer', { env: foreign }), image);
    Annotations.fromStack(app.node.findChild('Keys') as Stack).hasWarning('/Keys/Key', Match.stringLikeRegexp('is not changed here'));
  });

  test('cannot get what is encrypted with the default key', () => {
    const app = new App();
    const image = imageIn(app);
    use(new Stack(app, 'Consumer', { env: foreign }), image);
    expect(faultsOf(image).map(({ code }) => code)).toEqual(['default-key']);
  });
});

test.each<[string, StackProps, StackProps, string]>([
  ['that has no environment, of an image with one', { env }, {}, 'Consumer'],
  ['with an account only', { env }, { env: { account: env.account } }, 'Consumer'],
  ['with a region only', { env }, { env: { region: 'us-east-1' } }, 'Consumer'],
  ['with an environment, of an image without', {}, { env }, 'Images'],
])('a stack %s is a fault that says which one to complete', (_, home, consumer, vague) => {
  const app = new App();
  const image = imageIn(app, {}, home);
  use(new Stack(app, 'Consumer', consumer), image);
  expect(faultsOf(image)).toEqual([{
    code: 'unknown-environment',
    path: 'Images/Image',
    message: `The image of the stack Images is used in Consumer, and ${vague} does not say which account and region it is for`,
    hint: expect.stringMatching(new RegExp(`^Give ${vague} its env: \\{ account, region \\}`)),
  }]);
});

describe('an image made from another', () => {
  test('is built after it, and takes it to the region where it is built', () => {
    const app = new App();
    const base = imageIn(app);
    const stack = new Stack(app, 'Children', { env: away });
    new AmiImage(stack, 'Child', { source: Source.image(base) });

    expect(stack.dependencies.map(({ stackName }) => stackName)).toEqual(['Images']);
    expect(deliveryOf(base).regions).toEqual([{ region: 'us-east-1' }]);
  });

  test('cannot be in a stack that the other one needs', () => {
    const app = new App();
    const stack = new Stack(app, 'Children', { env });
    const base = imageIn(app);
    Stack.of(base).addDependency(stack);
    new AmiImage(stack, 'Child', { source: Source.image(base) });
    expect(faultsOf(base).map(({ code }) => code)).toEqual(['circular-stacks']);
  });
});
