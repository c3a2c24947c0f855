import { attachCustomSynthesis, Lazy, type Stack } from 'aws-cdk-lib';
import { OperatingSystemType, UserData, type IMachineImage, type InstanceArchitecture, type MachineImageConfig } from 'aws-cdk-lib/aws-ec2';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct, type IConstruct } from 'constructs';
import { formatFault, GoldenError, InvalidPlanError, type Fault } from '../errors';
import type { AmiImageProps } from './ami-image-props';
import type { Plan } from '../plan/model';
import type { Check } from './checks/check';
import { Delivery } from './delivery';
import { Alias } from './delivery/alias';
import type { BoundDelivery, DeliveredImage } from './delivery/bound-delivery';
import { Consumers } from './delivery/consumers';
import { imageParameter, parameterNameOf } from './delivery/image-parameter';
import { grantLaunch } from './delivery/launch-grant';
import { outermostStack } from './delivery/stacks';
import { ImageKeyGrants } from './keys/image-key-grants';
import { Author } from './lowering/author';
import { bindProvisioner } from './lowering/bound-context';
import { Draft } from './lowering/draft';
import type { OsFamily } from './os-family';
import type { IProvisioner } from './provisioners/provisioner-context';
import type { IBaseImage } from './sources/base-image';
import { renderBuilder, type RenderedBuilder } from './synthesis/builder';
import { renderDefinition, type RenderedDefinition } from './synthesis/definition';
import { addDefinitionParameter } from './synthesis/definition-parameter';
import { declareDelivery, renderDelivery, type DeclaredDelivery } from './synthesis/delivery-spec';
import { defaultImageName, takeImageName } from './synthesis/image-names';
import { renderPlan, type RenderedPlan } from './synthesis/plan';
import { planFileOf, writePlan } from './synthesis/plan-artifact';

/** Marks images across copies of this module (two versions of a package in one process). */
const AMI_IMAGE = Symbol.for('cdk-golden-image.AmiImage');

/**
 * A machine image, declared as code. Synthesis writes its plan into the cloud assembly; `cdk deploy` or `golden build` makes it real.
 *
 * It is an `ec2.IMachineImage`: give it to instances, launch templates and auto scaling groups.
 *
 * @example
 *
 * declare const stack: Stack;
 *
 * const image = new AmiImage(stack, 'WebServer', {
 *   source: Source.debian('12'),
 *   provisioners: [
 *     Provisioner.packages(['nginx']),
 *     Provisioner.file({ source: FileSource.asset('site/'), destination: '/var/www/html', owner: 'www-data' }),
 *     Provisioner.service('nginx'),
 *   ],
 *   checks: [Check.service('nginx'), Check.port('tcp:80')],
 * });
 *
 * new ec2.LaunchTemplate(stack, 'Template', { machineImage: image });
 */
export class AmiImage extends Construct implements IMachineImage, IBaseImage {
  /**
   * Whether something is an image, also one of another copy of this library.
   *
   * @param x anything
   */
  public static isAmiImage(x: any): x is AmiImage {
    return typeof x === 'object' && x !== null && AMI_IMAGE in x;
  }

  /**
   * The image that a construct belongs to, such as the scope of a provisioner. Throws where there is none.
   *
   * @param construct the image itself or something below it
   */
  public static of(construct: IConstruct): AmiImage {
    const image = [...construct.node.scopes].reverse().find((scope) => AmiImage.isAmiImage(scope));
    if (image) { return image as AmiImage; }
    throw new GoldenError('no-image', `${construct.node.path || 'The app'} is not part of an image`, { kind: 'usage', path: construct.node.path });
  }

  /** Architecture of the machines that run it. */
  public readonly architecture: InstanceArchitecture;

  /** Which tools it has. */
  public readonly osFamily: OsFamily;

  /** The user to log in as. */
  public readonly loginUser: string;

  /** Whether it has the SSM agent, installed and started. */
  public readonly hasSsmAgent: boolean;

  /** What the names of its AMIs start with. */
  public readonly imageName: string;

  private readonly draft: Draft;
  private readonly author: Author;
  private readonly building: RenderedBuilder;
  private readonly delivering: DeclaredDelivery;
  private readonly consumers: Consumers;
  private readonly delivery: BoundDelivery;
  private readonly alias: Alias;
  /** What is wrong with how it is delivered. Not of its definition, so also once that is locked. */
  private readonly deliveryProblems: Fault[] = [];
  private definition?: RenderedDefinition;
  private plan?: RenderedPlan;

  constructor(scope: Construct, id: string, private readonly props: AmiImageProps) {
    super(scope, id);
    Object.defineProperty(this, AMI_IMAGE, { value: true });
    const { source } = props;
    this.architecture = source.architecture;
    this.osFamily = source.osFamily;
    this.loginUser = source.loginUser;
    this.hasSsmAgent = source.hasSsmAgent || props.installSsmAgent === true;
    this.draft = new Draft(this.node.path);
    this.author = new Author(this.draft, this, this);
    this.imageName = props.imageName ?? defaultImageName(this);
    const owner = takeImageName(this, this.imageName);
    if (owner !== undefined) {
      this.author.fault('duplicate-name', `${owner} has the imageName ${this.imageName} already`, 'Give each image of a stack its own.');
    }

    // At once and not at synthesis: what lies in other stacks becomes outputs of theirs, which has to be before those are done.
    this.building = renderBuilder(this, source, props.builder);
    this.delivering = declareDelivery(this, this.imageName, props);
    addDefinitionParameter(this, () => this._hash());
    const delivered = this.delivered();
    this.delivery = (props.delivery ?? Delivery.onDeploy())._bind(delivered);
    this.consumers = new Consumers(this, {
      afterHome: this.delivery.buildsOnDeploy,
      roleName: props.distribution?.deliveryRoleName,
      keyIn: (region) => this.keyIn(region),
      fault: delivered.fault,
      changed: () => { this.plan = undefined; },
    });
    this.alias = new Alias(delivered, () => this.delivery.imageId(), props.aliasParameterName);
    if (this.delivery.buildsOnDeploy || props.aliasParameterName !== undefined) { this.alias.add(); }
    source._image?._use?.(this);
    this.addProvisioner(...props.provisioners ?? []);
    this.addCheck(...props.checks ?? []);
    this.node.addValidation({ validate: () => this.messagesOf(this.node.path) });
    attachCustomSynthesis(this, {
      onSynthesize: (session) => {
        writePlan(session, this, this._plan(), this.draft.assets);
        this.consumers.close();
        this.delivery.onSynthesize?.(session);
      },
    });
  }

  /**
   * What the image is, as a digest. The same definition has the same, wherever it is declared. Reading it locks the image.
   * Throws one error with all faults where there are some.
   */
  public get definitionHash(): string {
    const { hash, faults } = this.lock();
    if (faults.length > 0) { throw new InvalidPlanError(this.node.path, faults); }
    return hash;
  }

  /** Name of the SSM parameter that its AMI ID is written to when it is built. Reading it locks the image. */
  public get parameterName(): string {
    return parameterNameOf(this._hash());
  }

  /**
   * Its AMI ID, as a token that each stack of the app may use, as by `getImage`. Reading it locks the image. A stage of another
   * account or region takes `getImage(scope).imageId`, since what it needs has to be known before other stages are synthesised.
   */
  public get imageId(): string {
    this.lock();
    return Lazy.uncachedString({ produce: ({ scope }) => this.idFor(this.consumers.addResolved(scope)) });
  }

  /**
   * Name of the SSM parameter that its stack owns and that always names the AMI of the stack. With `Delivery.prebuilt()` the stack
   * owns one only where this is read or given.
   */
  public get aliasParameterName(): string {
    return this.alias.add().name;
  }

  /**
   * The image for an instance, launch template or auto scaling group. Locks the image.
   *
   * @param scope where it is used; may be in another stack. The account and region of that stack become a place that the image
   *   is taken to, and the stack is deployed after that of the image.
   */
  public getImage(scope: Construct): MachineImageConfig {
    return { imageId: this.idFor(this.consumers.add(scope)), osType: OperatingSystemType.LINUX, userData: UserData.forLinux() };
  }

  /**
   * Lets somebody launch instances of the image: `ec2:RunInstances` as far as it asks for the image and its snapshots, reading the
   * SSM parameters with its AMI ID, and the use of the keys that it is encrypted with. What else a launch takes, such as subnets
   * and instances, is left to you. Locks the image.
   *
   * @param grantee who may launch it
   */
  public grantLaunch(grantee: IGrantable): Grant {
    return grantLaunch(grantee, {
      image: this,
      imageIdFor: (scope) => this.idFor(this.consumers.add(scope)),
      parameterNames: [this.parameterName, this.alias.name],
      keyIn: (region) => this.keyIn(region),
    });
  }

  /** Lets others use the customer keys that the image is encrypted with, so that they can launch it. An error where it has none. */
  public get keyGrants(): ImageKeyGrants {
    const { encryptionKey, distribution } = this.props;
    return ImageKeyGrants.of(...[...encryptionKey ? [encryptionKey] : [], ...Object.values(distribution?.encryptionKeys ?? {})]);
  }

  /** Adds provisioners after those that it has. An error once the image is locked. */
  public addProvisioner(...provisioners: IProvisioner[]): void {
    for (const provisioner of provisioners) {
      bindProvisioner(this, provisioner, {
        image: this,
        architecture: this.architecture,
        osFamily: this.osFamily,
        draft: this.draft,
        messagesOf: (path) => this.messagesOf(path),
      });
    }
  }

  /** Adds statements about the finished machine. An error once the image is locked. */
  public addCheck(...checks: Check[]): void {
    this.author.addChecks(checks);
  }

  /**
   * The hash also where there are faults. They fail the synthesis, all together; throwing here would show those of one image only.
   * @internal
   */
  public _hash(): string {
    return this.lock().hash;
  }

  /**
   * The plan. Throws one error with all faults.
   * @internal
   */
  public _plan(): Plan {
    const { plan, faults } = this.rendered();
    if (faults.length > 0) { throw new InvalidPlanError(this.node.path, faults); }
    return plan;
  }

  /** @internal */
  public _use(user: IConstruct): void {
    this.consumers.add(user);
  }

  private idFor(stack: Stack): string {
    return stack === outermostStack(this) ? this.delivery.imageId() : imageParameter(stack, this._hash());
  }

  private keyIn(region: string): IKey | undefined {
    const { encryptionKey, distribution } = this.props;
    return region === outermostStack(this).region ? encryptionKey : distribution?.encryptionKeys?.[region];
  }

  private delivered(): DeliveredImage {
    return {
      construct: this,
      planFile: planFileOf(this),
      hash: () => this._hash(),
      plan: () => this.rendered().plan,
      assets: () => this.draft.assets,
      aliasName: () => this.alias.name,
      fault: (code, message, hint) => {
        this.deliveryProblems.push({ code, message, hint, path: this.node.path });
        this.plan = undefined;
      },
    };
  }

  private lock(): RenderedDefinition {
    this.draft.lock();
    return this.definition ??= renderDefinition(this, this.props, this.draft);
  }

  private rendered(): RenderedPlan {
    return this.plan ??= renderPlan(this, this.draft, {
      definition: this.lock(),
      builder: this.building,
      delivery: renderDelivery(this, this.delivering, this.consumers.places()),
      faults: this.deliveryProblems,
    });
  }

  /** Faults of the image itself, or of one provisioner, as CDK prints them below the path of the construct. */
  private messagesOf(path: string): string[] {
    const mine = (fault: Fault) => fault.path === path || (path === this.node.path && !this.draft.authors.has(fault.path ?? ''));
    return this.rendered().faults.filter(mine).map((fault) => formatFault({ ...fault, path: undefined }));
  }
}
