import { createHash } from 'crypto';
import { readFileSync, realpathSync } from 'fs';
import { basename, join, relative, sep } from 'path';
import { Annotations, Stack, Stage, Token, type FileAssetSource, type ISynthesisSession } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { BoundDelivery, DeliveredImage } from './bound-delivery';
import { copyEngine, ENGINE_FOLDER } from './engine-files';
import { imageParameter } from './image-parameter';
import { LOADER } from './loader';
import { outermostStack } from './stacks';
import { GoldenError } from '../../errors';
import { digestOf } from '../../plan/canonical-json';
import { PLAN_FILE_SUFFIX } from '../../plan/model';
import type { OnDeployOptions } from '../delivery-options';

const ROLE_ARN = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[A-Za-z0-9_+=,.@/-]+$/;
const STATE = /^s3:\/\/[a-z0-9][a-z0-9.-]+(\/[A-Za-z0-9_./-]*)?$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** The image is built by whoever deploys, while the CDK publishes the assets of its stack. */
export class OnDeploy implements BoundDelivery {
  readonly buildsOnDeploy = true;

  constructor(private readonly image: DeliveredImage, private readonly options: OnDeployOptions) {
    const expect = (value: string | undefined, form: RegExp, name: string, example: string) => {
      if (value === undefined || (!Token.isUnresolved(value) && form.test(value))) { return; }
      const message = Token.isUnresolved(value) ? `${name} of the delivery holds a CDK token` : `${JSON.stringify(value)} cannot be ${name} of a delivery`;
      image.fault('invalid-delivery', message, `Give one such as ${example}.`);
    };
    expect(options.buildRoleArn, ROLE_ARN, 'buildRoleArn', 'arn:aws:iam::111122223333:role/golden-build');
    expect(options.state, STATE, 'state', 's3://my-bucket/golden');
    expect(options.stagingBucket, BUCKET, 'stagingBucket', 'my-bucket');
    if (!options.anyEnvironment) { tellOfMissingEnvironment(image.construct); }
  }

  imageId(): string {
    return imageParameter(outermostStack(this.image.construct), this.image.hash());
  }

  onSynthesize(session: ISynthesisSession): void {
    const { construct, planFile } = this.image;
    const assembly = rootAssembly(construct, session);
    copyEngine(assembly, construct);
    const file = join(session.outdir, planFile);
    const at = portable(relative(realpathSync('.'), realpathSync(assembly))) || '.';
    const plan = this.image.plan();
    const rest = this.commandLine();
    addAsset(construct, {
      executable: [
        'node', '-e', LOADER, at, createHash('sha256').update(readFileSync(file)).digest('hex'), 'apply', '--plan', portable(relative(assembly, file)), ...rest,
      ],
      sourceHash: digestOf({ definition: plan.definitionHash, delivery: plan.deliveryHash, target: plan.target, rest }),
      displayName: `golden image ${construct.node.path} (log: ${at}/${ENGINE_FOLDER}/${basename(planFile, PLAN_FILE_SUFFIX)}.log)`,
    });
  }

  private commandLine(): string[] {
    const { anyEnvironment = false, buildRoleArn, state, stagingBucket } = this.options;
    return [
      ...anyEnvironment ? ['--any-environment'] : [],
      ...buildRoleArn === undefined ? [] : ['--role-arn', buildRoleArn],
      ...state === undefined ? [] : ['--state', state],
      ...stagingBucket === undefined ? [] : ['--staging-bucket', stagingBucket],
    ];
  }
}

/** Not every way to synthesise a stack knows assets that a command makes. */
function addAsset(image: IConstruct, asset: FileAssetSource): void {
  const { synthesizer, node } = Stack.of(image);
  try {
    synthesizer.addFileAsset(asset);
  } catch (cause) {
    throw new GoldenError('no-assets', `The image is built by an asset of the stack ${node.path}, and its ${synthesizer.constructor.name} takes none of that kind`, {
      kind: 'usage', path: image.node.path, hint: 'Leave the synthesizer of the stack out, or deliver the image in another way: Delivery.prebuilt().', cause,
    });
  }
}

/** No error: who builds in the sandbox only has no environment to name. The deployment refuses it. */
function tellOfMissingEnvironment(image: IConstruct): void {
  const { account, region, stackName } = outermostStack(image);
  if (!Token.isUnresolved(account) && !Token.isUnresolved(region)) { return; }
  Annotations.of(image).addInfo(
    `The stack ${stackName} does not say which account and region it is for, so cdk deploy will not build this image. `
    + 'Give the stack its env: { account, region }, or allow whatever the credentials are for: Delivery.onDeploy({ anyEnvironment: true }).',
  );
}

/** The folder of the whole assembly, also for a stage that lies within it. */
function rootAssembly(image: IConstruct, session: ISynthesisSession): string {
  const { root } = image.node;
  return Stage.isStage(root) ? root.outdir : session.outdir;
}

function portable(path: string): string {
  return path.split(sep).join('/');
}
