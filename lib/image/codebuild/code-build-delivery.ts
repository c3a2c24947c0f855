import { CustomResource, Duration, Lazy, RemovalPolicy, type ISynthesisSession } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { CodeBuildProject, LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct, type IDependable } from 'constructs';
import { BuildAsset } from './build-asset';
import { buildFaults } from './build-faults';
import { BuildFunctions } from './build-functions';
import { BuildProject } from './build-project';
import { NEWER_SOURCE, TASK } from './buildspec';
import type { CodeBuildOptions } from './code-build-options';
import { reportOptions, timeoutsOf, type Timeouts } from './option-faults';
import { ParentImage } from './parent-image';
import { addWaitChain, partsOf, type WaitLink } from './wait-chain';
import { digestOf } from '../../plan/canonical-json';
import type { BoundDelivery, DeliveredImage } from '../delivery/bound-delivery';
import { parameterNameOf } from '../delivery/image-parameter';

/** For the way of messages. */
const SLACK = Duration.minutes(10);

/** How long CloudFormation waits for a function that starts a build, its repetitions included. */
const ANSWERED = Duration.minutes(20);

/** How a build can end. */
const ENDS = ['FAILED', 'FAULT', 'STOPPED', 'SUCCEEDED', 'TIMED_OUT'];

/** CodeBuild builds the image while its stack is deployed, and CloudFormation waits for it. */
export class CodeBuildDelivery implements BoundDelivery {
  readonly buildsOnDeploy = true;
  private readonly asset: BuildAsset;
  private readonly resource: CustomResource;
  private readonly timeouts: Timeouts;

  constructor(private readonly image: DeliveredImage, private readonly options: CodeBuildOptions) {
    reportOptions(options, image);
    this.timeouts = timeoutsOf(options, image);
    this.asset = new BuildAsset(image);
    const scope = new Construct(image.construct, 'CodeBuild');
    scope.node.addValidation({ validate: () => buildFaults(image.plan()) });
    const destroys = options.removalPolicy === RemovalPolicy.DESTROY;
    const build = new BuildProject(scope, 'Build', {
      image, options, asset: this.asset, timeouts: this.timeouts, alias: () => image.aliasName(),
    });
    const functions = new BuildFunctions(scope, 'Functions', { build, image: image.construct.node.path, notifications: options.notifications, destroys });
    const rules = this.addRules(scope, build, functions);
    const parent = new ParentImage(image);
    const last = addWaitChain(scope, {
      total: this.total,
      hash: () => this.hash(),
      before: (link) => {
        const start = this.addStart(scope, functions, link);
        // All that a build and the answers to it take: before it begins, and as long as it may still be removed.
        start.node.addDependency(build, functions, rules, parent);
        return start;
      },
    });
    this.resource = new CustomResource(scope, 'Image', {
      resourceType: 'Custom::GoldenImage',
      serviceToken: functions.image.functionArn,
      properties: {
        Parameter: lazily(() => parameterNameOf(image.hash())),
        DeliveryHash: lazily(() => image.plan().deliveryHash),
        Removal: destroys ? 'destroy' : 'retain',
      },
    });
    this.resource.node.addDependency(last);
  }

  imageId(): string {
    return this.resource.getAttString('ImageId');
  }

  onSynthesize(session: ISynthesisSession): void {
    this.asset.write(session);
  }

  /** Builds start when a part of the deployment begins to wait for them. */
  private addStart(scope: Construct, functions: BuildFunctions, { part, handle, firstHandle, goesOnSeconds }: WaitLink): CustomResource {
    return new CustomResource(scope, part === 0 ? 'Start' : `GoOn${part}`, {
      resourceType: 'Custom::GoldenImageBuild',
      serviceToken: functions.start.functionArn,
      serviceTimeout: ANSWERED,
      properties: {
        Part: part,
        Handle: handle,
        FirstHandle: firstHandle,
        GoesOnSeconds: goesOnSeconds,
        Parameter: lazily(() => parameterNameOf(this.image.hash())),
        DefinitionHash: lazily(() => this.image.hash()),
        DeliveryHash: lazily(() => this.image.plan().deliveryHash),
      },
    });
  }

  /** What a deployment waits for at most. */
  private get total(): Duration {
    const { timeout, queuedTimeout } = this.timeouts;
    return Duration.minutes(timeout.toMinutes() + queuedTimeout.toMinutes() + SLACK.toMinutes());
  }

  private addRules(scope: Construct, { project }: BuildProject, { end }: BuildFunctions): IDependable {
    const rules = new Construct(scope, 'Rules');
    const path = this.image.construct.node.path;
    new Rule(rules, 'Ended', {
      description: `Tells how builds of the golden image ${path} end`.slice(0, 512),
      eventPattern: {
        source: ['aws.codebuild'],
        detailType: ['CodeBuild Build State Change'],
        detail: { 'project-name': [project.projectName], 'build-status': ENDS },
      },
      targets: [new LambdaFunction(end)],
    });
    if (partsOf(this.total) > 1) {
      new Rule(rules, 'Clock', {
        description: `Tells CloudFormation that long builds of the golden image ${path} go on`.slice(0, 512),
        schedule: Schedule.rate(Duration.minutes(30)),
        targets: [new LambdaFunction(end, { event: RuleTargetInput.fromObject({ detail: {} }) })],
      });
    }
    if (this.options.schedule) {
      new Rule(rules, 'Schedule', {
        description: `Builds the golden image ${path} from a newer source`.slice(0, 512),
        schedule: this.options.schedule,
        targets: [new CodeBuildProject(project, {
          event: RuleTargetInput.fromObject({ environmentVariablesOverride: [{ name: TASK, value: NEWER_SOURCE, type: 'PLAINTEXT' }] }),
        })],
      });
    }
    return rules;
  }

  /** What a deployment waits for. */
  private hash(): string {
    const { definitionHash, deliveryHash } = this.image.plan();
    return digestOf({ definitionHash, deliveryHash, minutes: this.total.toMinutes() }).slice(0, 16);
  }
}

/** Not before the template is made: until then the image may change. */
function lazily(produce: () => string): string {
  return Lazy.uncachedString({ produce });
}
