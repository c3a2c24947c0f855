import { GoldenError, type Fault } from '../../errors';
import { canonicalJson } from '../../plan/canonical-json';
import type { Check } from '../../plan/checks';
import type { Instruction } from '../../plan/instructions';
import type { ParameterSpec, SecretSpec } from '../../plan/model';
import type { ValueReference } from '../../plan/values';

/** What the provisioners and checks of one image have said so far. */
export class Draft {
  readonly instructions: Instruction[] = [];
  readonly checks: Check[] = [];
  /** Indexes of the instructions after which a checkpoint was asked for. */
  readonly checkpoints = new Set<number>();
  readonly parameters: { [name: string]: ParameterSpec } = {};
  readonly secrets: { [name: string]: SecretSpec } = {};
  /** Path of each file and folder that the instructions name, by digest. */
  readonly assets = new Map<string, string>();
  readonly faults: Fault[] = [];
  /** Paths of the constructs that provisioners became. */
  readonly authors = new Set<string>();
  /** What the definition says of stacks, by the name that it has there; in the order in which it was asked for. */
  private readonly late = new Map<string, ValueReference>();
  private readonly claims = new Map<string, string>();
  private locked = false;

  /** @param path construct path of the image */
  constructor(private readonly path: string) {}

  /** From now on every change is an error. */
  lock(): void {
    this.locked = true;
  }

  assertOpen(): void {
    if (!this.locked) { return; }
    throw new GoldenError('image-locked', `${this.path}: the definition of the image was read already, and cannot change any more`, {
      kind: 'invalid',
      path: this.path,
      hint: 'Add provisioners and checks before anything uses the image, its definitionHash, its imageId or its plan.',
    });
  }

  /**
   * The name of what is read of a stack. It says nothing of that stack, so that another name of it makes no other image.
   * @param kind `value` or `secret`
   */
  lateName(kind: string, from: ValueReference): string {
    const wanted = canonicalJson(from);
    const known = [...this.late].find(([name, other]) => name.startsWith(kind) && canonicalJson(other) === wanted);
    if (known) { return known[0]; }
    const name = `${kind}:${this.late.size + 1}`;
    this.late.set(name, from);
    return name;
  }

  /** What is read of stacks, as text. */
  get lateReferences(): string {
    return canonicalJson(Object.fromEntries(this.late));
  }

  /** The path of the construct that made this claim before, if any. */
  claim(thing: string, path: string): string | undefined {
    const owner = this.claims.get(thing);
    if (owner === undefined) { this.claims.set(thing, path); }
    return owner;
  }
}
