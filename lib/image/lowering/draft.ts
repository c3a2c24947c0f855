import { GoldenError, type Fault } from '../../errors';
import type { Check } from '../../plan/checks';
import type { Instruction } from '../../plan/instructions';
import type { ParameterSpec, SecretSpec } from '../../plan/model';

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

  /** The path of the construct that made this claim before, if any. */
  claim(thing: string, path: string): string | undefined {
    const owner = this.claims.get(thing);
    if (owner === undefined) { this.claims.set(thing, path); }
    return owner;
  }
}
