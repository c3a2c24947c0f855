import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { AmiImage, assertions, Check, LocalSource, Provisioner, Source } from '../../lib';
import { InvalidPlanError } from '../../lib/errors';
import { sampleDefinition, samplePlan } from '../support/sample-plan';

const { ImagePlan } = assertions;

function imageIn(stack: Stack, id: string): AmiImage {
  return new AmiImage(stack, id, {
    source: Source.debian('12'),
    provisioners: [Provisioner.shell({ inline: ['echo hello'] })],
    checks: [Check.service('nginx')],
  });
}

describe('where a plan comes from', () => {
  test('the plan of an image is its own', () => {
    const image = imageIn(new Stack(new App(), 'Stack'), 'Web');
    const plan = ImagePlan.fromImage(image);
    expect(plan.definitionHash).toBe(image.definitionHash);
    plan.hasInstruction('run', { script: { text: Match.stringLikeRegexp('echo hello') } });
    plan.hasCheck('service', 'nginx', { running: true });
    plan.hasSource({ local: { distribution: 'debian', suite: 'bookworm' } });
  });

  test('a stack with one image needs no path', () => {
    const stack = new Stack(new App(), 'Stack');
    imageIn(stack, 'Web');
    expect(ImagePlan.fromStack(stack).toJSON().image).toBe('Stack/Web');
  });

  test('a stack with several images needs a path, and says which there are', () => {
    const stack = new Stack(new App(), 'Stack');
    imageIn(stack, 'Web');
    imageIn(stack, 'Worker');
    expect(ImagePlan.fromStack(stack, 'Worker').toJSON().image).toBe('Stack/Worker');
    expect(() => ImagePlan.fromStack(stack)).toThrow('The stack has to have exactly one image; it has Web, Worker');
    expect(() => ImagePlan.fromStack(stack, 'Wrk')).toThrow('The stack has no image Wrk; it has Web, Worker');
  });

  test('a stack without images is refused', () => {
    expect(() => ImagePlan.fromStack(new Stack(new App(), 'Stack'))).toThrow('The stack has to have exactly one image; it has none');
  });

  test('the plan of an image with faults is refused with all of them', () => {
    const stack = new Stack(new App(), 'Stack');
    new AmiImage(stack, 'Web', { source: Source.debian('12'), provisioners: [Provisioner.shell({ inline: [] }), Provisioner.shell({ inline: [] })] });
    expect(() => ImagePlan.fromStack(stack)).toThrow(InvalidPlanError);
    expect(() => ImagePlan.fromStack(stack)).toThrow('Stack/Web has 2 faults');
  });

  test('a document that is no plan is refused', () => {
    const { target, ...incomplete } = samplePlan();
    expect(target).toBeDefined();
    expect(() => ImagePlan.fromJSON(incomplete)).toThrow('The plan has 1 fault:\n  Stack/Web: /target is missing');
  });

  test('what is read from JSON is written as the same JSON, with sorted keys', () => {
    expect(ImagePlan.fromJSON(samplePlan()).toJSON()).toEqual(samplePlan());
    expect(Object.keys(ImagePlan.fromJSON(samplePlan()).toJSON())).toEqual([
      'builder', 'definition', 'definitionHash', 'delivery', 'deliveryHash', 'image', 'target', 'version',
    ]);
  });
});

describe('snapshots', () => {
  test('hold no digest of ours where they are redacted, and those of the user', () => {
    // GIVEN
    const definition = {
      ...sampleDefinition,
      source: { type: 'local', user: 'root', ssmAgent: false, local: { type: 'rootTar', location: '/home/me/root.tar', sha256: 'b'.repeat(64) } },
    } as const;
    const plain = samplePlan(definition);
    const plan = samplePlan(definition, { ...plain.delivery, parameterName: `/golden/images/${plain.definitionHash}` });

    // WHEN
    const json = ImagePlan.fromJSON(plan).toJSON({ redactDigests: true });

    // THEN
    expect(json).toMatchObject({
      definitionHash: '<digest>',
      deliveryHash: '<digest>',
      delivery: { parameterName: '/golden/images/<digest>' },
      definition: {
        source: { local: { location: '<folder>/root.tar', sha256: 'b'.repeat(64) } },
        instructions: expect.arrayContaining([expect.objectContaining({ type: 'put', content: { asset: '<digest>', kind: 'file' } })]),
      },
    });
    expect(JSON.stringify(json).match(/[0-9a-f]{64}/g)).toEqual(['b'.repeat(64)]);
  });

  test('keep the digests where nobody asked', () => {
    const plan = samplePlan();
    expect(ImagePlan.fromJSON(plan).toJSON().definitionHash).toBe(plan.definitionHash);
  });

  test('name no folder of this machine', () => {
    const stack = new Stack(new App(), 'Stack');
    const image = new AmiImage(stack, 'Web', {
      source: Source.debian('12'),
      provisioners: [Provisioner.shell({ script: __filename })],
    });
    const local = new AmiImage(stack, 'Local', { source: Source.local(LocalSource.rootTar(join(__dirname, 'base.tar'), 'b'.repeat(64))) });
    expect(JSON.stringify([image, local].map((one) => ImagePlan.fromImage(one).toJSON()))).not.toContain(__dirname);
  });
});

describe('parts of the plan', () => {
  const plan = ImagePlan.fromJSON(samplePlan());

  test('source, machine, builder and output are matched by the part that is named', () => {
    plan.hasSource({ type: 'filter', filters: { name: Match.arrayWith([Match.stringLikeRegexp('^debian-12')]) } });
    plan.hasMachine({ architecture: 'x86_64' });
    plan.hasBuilder({ instanceTypes: ['t3.small'], communicator: { type: 'ssm' } });
    plan.hasOutput({ regions: [{ region: 'eu-west-1' }], tags: { team: 'web' }, description: Match.absent() });
    plan.hasOutput({ encryption: { encrypted: true, key: Match.absent() }, sharing: { accounts: [], public: false }, imdsV2: true });
    plan.hasBuilder({ network: { subnets: Match.absent() }, waitForCloudInit: true, spot: Match.absent() });
  });

  test('a part that differs is shown with the differing line marked', () => {
    expect(() => plan.hasOutput({ name: 'api' })).toThrow([
      'The plan of Stack/Web has another output',
      'The closest match:',
      'output :: {',
      '  "encryption": { "encrypted": true },',
      '  "imdsV2": true,',
      '!! Expected api but received web',
      '  "name": "web",',
      '  "parameterName": "/golden/Stack/Web",',
      '  "regions": [ { "region": "eu-west-1" } ],',
      '  "sharing": { ... },',
      '  "tags": { "team": "web" }',
      '}',
    ].join('\n'));
  });

  test('parameters and secrets are found by name', () => {
    plan.hasParameter('release');
    plan.hasParameter('release', { from: { name: '/release' } });
    plan.hasSecret('token', { from: { type: 'secretsManager' } });
  });

  test.each(['constructor', '__proto__', 'toString'])('%s is not a parameter that is there anyway', (name) => {
    expect(() => plan.hasParameter(name)).toThrow(`The plan of Stack/Web has no parameter ${name}, only release`);
  });

  test('a secret that is read from elsewhere is shown', () => {
    expect(() => plan.hasSecret('token', { from: { type: 'ssm' } })).toThrow([
      'The plan of Stack/Web has a secret token, but it does not match',
      'The closest match:',
      'token :: {',
      '  "from": {',
      '    "id": "token",',
      '    "key": "value",',
      '!!   Expected ssm but received secretsManager',
      '    "type": "secretsManager"',
      '  }',
      '}',
    ].join('\n'));
  });
});
