import { attachCustomSynthesis, Stack } from 'aws-cdk-lib';
import { OperatingSystemType, UserData, type IMachineImage, type InstanceArchitecture, type MachineImageConfig } from 'aws-cdk-lib/aws-ec2';
import { Construct, type IConstruct } from 'constructs';
import { formatFault, GoldenError, InvalidPlanError, type Fault } from '../errors';
import type { AmiImageProps } from './ami-image-props';
import type { Plan } from '../plan/model';
import type { Check } from './checks/check';
import { Delivery } from './delivery';
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
import { renderDelivery, type RenderedDelivery } from './synthesis/delivery-spec';
import { defaultImageName, takeImageName } from './synthesis/image-names';
import { parameterNameOf, renderPlan, type RenderedPlan } from './synthesis/plan';
import { writePlan } from './synthesis/plan-artifact';

/** Marks images across copies of this module (two versions of a package in one process). */
const AMI_IMAGE = Symbol.for('cdk-golden-image.AmiImage');

/**
 * A machine image, declared as code. Synthesis writes its plan into the cloud assembly; `golden build` makes it real.
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

  /** Whether its source has the SSM agent, installed and started. */
  public readonly hasSsmAgent: boolean;

  /** What the names of its AMIs start with. */
  public readonly imageName: string;

  private readonly draft: Draft;
  private readonly author: Author;
  private readonly delivery: Delivery;
  private readonly building: RenderedBuilder;
  private readonly delivering: RenderedDelivery;
  private definition?: RenderedDefinition;
  private plan?: RenderedPlan;

  constructor(scope: Construct, id: string, private readonly props: AmiImageProps) {
    super(scope, id);
    Object.defineProperty(this, AMI_IMAGE, { value: true });
    const { source } = props;
    this.architecture = source.architecture;
    this.osFamily = source.osFamily;
    this.loginUser = source.loginUser;
    this.hasSsmAgent = source.hasSsmAgent;
    this.delivery = props.delivery ?? Delivery.prebuilt();
    this.draft = new Draft(this.node.path);
    this.author = new Author(this.draft, this, this);
    this.imageName = props.imageName ?? defaultImageName(this);
    const owner = takeImageName(this, this.imageName);
    if (owner !== undefined) {
      this.author.fault('duplicate-name', `${owner} has the imageName ${this.imageName} already`, 'Give each image of a stack its own.');
    }

    // At once and not at synthesis: what lies in other stacks becomes outputs of theirs, which has to be before those are done.
    this.building = renderBuilder(this, source, props.builder);
    this.delivering = renderDelivery(this, this.imageName, props);
    addDefinitionParameter(this, () => this._hash());
    this.addProvisioner(...props.provisioners ?? []);
    this.addCheck(...props.checks ?? []);
    this.node.addValidation({ validate: () => this.messagesOf(this.node.path) });
    attachCustomSynthesis(this, { onSynthesize: (session) => writePlan(session, this, this._plan(), this.draft.assets) });
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

  /** Its AMI ID, as a token for the stack that it is declared in. Reading it locks the image. */
  public get imageId(): string {
    return this.imageIdFor(this);
  }

  /**
   * The image for an instance, launch template or auto scaling group. Locks the image.
   *
   * @param scope where it is used; may be in another stack. One of another account or region gets a warning: nothing takes
   *   images there yet.
   */
  public getImage(scope: Construct): MachineImageConfig {
    return { imageId: this.imageIdFor(scope), osType: OperatingSystemType.LINUX, userData: UserData.forLinux() };
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

  private imageIdFor(consumer: Construct): string {
    return this.delivery._imageId(Stack.of(consumer), { construct: this, definitionHash: this._hash(), parameterName: this.parameterName });
  }

  private lock(): RenderedDefinition {
    this.draft.lock();
    return this.definition ??= renderDefinition(this, this.props, this.draft);
  }

  private rendered(): RenderedPlan {
    return this.plan ??= renderPlan(this, this.draft, { definition: this.lock(), builder: this.building, delivery: this.delivering });
  }

  /** Faults of the image itself, or of one provisioner, as CDK prints them below the path of the construct. */
  private messagesOf(path: string): string[] {
    const mine = (fault: Fault) => fault.path === path || (path === this.node.path && !this.draft.authors.has(fault.path ?? ''));
    return this.rendered().faults.filter(mine).map((fault) => formatFault({ ...fault, path: undefined }));
  }
}
