import type { Stack } from 'aws-cdk-lib';
import { GoldenError, InvalidPlanError } from '../errors';
import { ANY_RESOURCE, checkFault, findChecks } from './checks';
import { compare, renderClosest } from './closest-match';
import { findInstructions, instructionCountFault, instructionFault, orderFault } from './instructions';
import { redactDigests, withoutPaths } from './redaction';
import { AmiImage } from '../image/ami-image';
import { canonicalJson } from '../plan/canonical-json';
import type { Plan } from '../plan/model';
import { planFaults } from '../plan/validate';

/** How a plan is written out for a snapshot. */
export interface ImagePlanJsonOptions {
  /**
   * Put a placeholder for each digest of the plan and its files, so that a snapshot does not move with their contents.
   * Digests that you wrote yourself, such as that of a root tar, stay.
   *
   * @default false
   */
  readonly redactDigests?: boolean;
}

/**
 * Assertions about the plan of an image, as `Template` makes them about a CloudFormation template.
 *
 * Patterns are what `Template` takes: plain objects, which need name only what matters, and the `Match` and `Capture` of
 * `aws-cdk-lib/assertions`. A failed assertion throws, and shows the closest matches with the differing lines marked.
 *
 * @example
 *
 * import { Capture, Match } from 'aws-cdk-lib/assertions';
 *
 * declare const stack: Stack;
 *
 * const plan = assertions.ImagePlan.fromStack(stack);
 * const script = new Capture();
 * plan.hasInstruction('put', { destination: '/etc/motd', mode: '0644' });
 * plan.hasInstruction('run', { script: { text: script }, user: Match.not('root') });
 * plan.hasCheck('service', 'nginx', { running: true });
 */
export class ImagePlan {
  /**
   * The plan of an image. Locks the image, as reading its hash does. Throws one error with all faults where there are some.
   *
   * @param image the image
   */
  public static fromImage(image: AmiImage): ImagePlan {
    return new ImagePlan(image._plan());
  }

  /**
   * The plan of an image in a stack. Throws where there is no such image, or where a path is needed to tell which.
   *
   * @param stack the stack
   * @param path construct path of the image below the stack; may be left out where the stack has exactly one image
   */
  public static fromStack(stack: Stack, path?: string): ImagePlan {
    const images = stack.node.findAll().filter((construct) => AmiImage.isAmiImage(construct)) as AmiImage[];
    const below = (image: AmiImage) => image.node.scopes.slice(stack.node.scopes.length).map((construct) => construct.node.id).join('/');
    const wanted = path === undefined ? images : images.filter((image) => below(image) === path);
    if (wanted.length === 1) { return ImagePlan.fromImage(wanted[0]); }
    const list = images.length === 0 ? 'it has none' : `it has ${images.map(below).join(', ')}`;
    throw new GoldenError(
      'no-such-image',
      path === undefined ? `The stack has to have exactly one image; ${list}` : `The stack has no image ${path}; ${list}`,
      {
        kind: 'usage',
        path: stack.node.path,
        hint: images.length > 1 && path === undefined ? 'Name one: ImagePlan.fromStack(stack, path).' : undefined,
      },
    );
  }

  /**
   * A plan that was read from a file of the cloud assembly. Throws one error with all faults where it is not a valid plan.
   *
   * @param plan the parsed JSON document
   */
  public static fromJSON(plan: { [key: string]: any }): ImagePlan {
    const faults = planFaults(plan);
    if (faults.length > 0) { throw new InvalidPlanError('The plan', faults); }
    return new ImagePlan(plan as Plan);
  }

  /** What the image is, as a digest. Says whether two definitions are the same image. */
  public readonly definitionHash: string;

  private readonly plan: Plan;

  private constructor(plan: Plan) {
    this.plan = JSON.parse(canonicalJson(plan));
    this.definitionHash = this.plan.definitionHash;
  }

  /**
   * The plan as plain data, for snapshots: the same on every machine.
   *
   * @param options what to leave out
   */
  public toJSON(options: ImagePlanJsonOptions = {}): { [key: string]: any } {
    const portable = withoutPaths(this.plan);
    return options.redactDigests ? redactDigests(portable) : portable;
  }

  /**
   * Asserts that there is an instruction of a type that matches.
   *
   * @param instructionType `run`, `put`, `get`, `reboot`, `check`, `local` or `pause`
   * @param props the instruction, or the part of it that matters
   */
  public hasInstruction(instructionType: string, props: any = {}): void {
    this.assert(instructionFault(this.plan, instructionType, props));
  }

  /**
   * The instructions of a type that match, in the order they run.
   *
   * @param instructionType `run`, `put`, `get`, `reboot`, `check`, `local` or `pause`
   * @param props the instruction, or the part of it that matters; by default all match
   */
  public findInstructions(instructionType: string, props: any = {}): { [key: string]: any }[] {
    return findInstructions(this.plan, instructionType, props) as { [key: string]: any }[];
  }

  /**
   * Asserts how many instructions of a type there are.
   *
   * @param instructionType `run`, `put`, `get`, `reboot`, `check`, `local` or `pause`
   * @param count how many
   */
  public instructionCountIs(instructionType: string, count: number): void {
    this.assert(instructionCountFault(this.plan, instructionType, count));
  }

  /**
   * Asserts that there are instructions which match and run in this order. There may be others before, between and after.
   *
   * @param patterns the instructions, or the parts of them that matter, `type` included where it does
   */
  public hasInstructionsInOrder(patterns: any[]): void {
    this.assert(orderFault(this.plan, patterns));
  }

  /**
   * Asserts that there is a check of the finished machine that matches.
   *
   * @param checkType `command`, `file`, `package`, `service`, `user`, `group`, `port` or `process`
   * @param resource what it is about, such as a path or the name of a service; `*` for any
   * @param attributes the attributes, or those that matter, by their names in Goss; by default any
   */
  public hasCheck(checkType: string, resource: string = ANY_RESOURCE, attributes: any = {}): void {
    this.assert(checkFault(this.plan, checkType, resource, attributes));
  }

  /**
   * The checks of the finished machine that match, in the order they run.
   *
   * @param checkType `command`, `file`, `package`, `service`, `user`, `group`, `port` or `process`
   * @param resource what it is about, such as a path or the name of a service; `*` for any
   * @param attributes the attributes, or those that matter, by their names in Goss; by default any
   */
  public findChecks(checkType: string, resource: string = ANY_RESOURCE, attributes: any = {}): { [key: string]: any }[] {
    return [...findChecks(this.plan, checkType, resource, attributes)];
  }

  /**
   * Asserts what the image starts from.
   *
   * @param props the source, or the part of it that matters
   */
  public hasSource(props: any): void {
    this.assertPart('source', this.plan.definition.source, props);
  }

  /**
   * Asserts the machine as far as it shapes the disk: architecture, family of the operating system, volumes, user-data, boot mode.
   *
   * @param props the machine, or the part of it that matters
   */
  public hasMachine(props: any): void {
    this.assertPart('machine', this.plan.definition.machine, props);
  }

  /**
   * Asserts how the image is built: instance types, communicator, checkpoints, network, spot, tags.
   *
   * What lies in the account is `{ type: 'literal', value }` where synthesis knows it, else `{ type: 'stackOutput', stack, output }` or
   * `{ type: 'ssm', name }`.
   *
   * @param props the builder, or the part of it that matters
   */
  public hasBuilder(props: any): void {
    this.assertPart('builder', this.plan.builder, props);
  }

  /**
   * Asserts where the finished image goes: its name, parameter, tags, regions, encryption, sharing, deprecation and protection.
   *
   * @param props the delivery, or the part of it that matters
   */
  public hasOutput(props: any): void {
    this.assertPart('output', this.plan.delivery, props);
  }

  /**
   * Asserts that the definition has a parameter, a value known only when the image is built.
   *
   * @param name its name
   * @param props the parameter, or the part of it that matters; by default any
   */
  public hasParameter(name: string, props: any = {}): void {
    this.assertMember('parameter', this.plan.definition.parameters, name, props);
  }

  /**
   * Asserts that the definition has a secret.
   *
   * @param name its name
   * @param props where it is read from, or the part of it that matters; by default any
   */
  public hasSecret(name: string, props: any = {}): void {
    this.assertMember('secret', this.plan.definition.secrets, name, props);
  }

  private assertPart(label: string, value: unknown, pattern: unknown): void {
    const { failures } = compare([{ label, value }], pattern);
    this.assert(failures.length === 0 ? undefined : `has another ${label}${renderClosest(failures)}`);
  }

  private assertMember(noun: string, members: { readonly [name: string]: unknown }, name: string, pattern: unknown): void {
    if (Object.hasOwn(members, name)) {
      const { failures } = compare([{ label: name, value: members[name] }], pattern);
      this.assert(failures.length === 0 ? undefined : `has a ${noun} ${name}, but it does not match${renderClosest(failures)}`);
    } else {
      const names = Object.keys(members);
      this.assert(`has no ${noun} ${name}${names.length === 0 ? '' : `, only ${names.join(', ')}`}`);
    }
  }

  private assert(fault: string | undefined): void {
    if (fault === undefined) { return; }
    throw new GoldenError('assertion-failed', `The plan of ${this.plan.image} ${fault}`, { kind: 'invalid', path: this.plan.image });
  }
}
