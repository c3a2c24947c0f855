import { GoldenError, type FailureKind } from '../errors';

/**
 * What was done on the machine of a build beside its definition. A machine with any saves no more layers, and is not captured:
 * nothing is published or cached under the key of a definition that it is not of.
 */
export class Deviations {
  private readonly found: string[] = [];
  private onlyChecks = true;
  private saving: Promise<unknown> = Promise.resolve();

  get any(): boolean {
    return this.found.length > 0;
  }

  /**
   * Notes one, before it is done.
   * @param what completes the sentence "The image is not what its definition says: ..."
   */
  async add(what: string, kind: 'check' | 'machine' = 'machine'): Promise<void> {
    // A layer that is being saved is of the machine as it was.
    await this.saving.catch(() => undefined);
    if (!this.found.includes(what)) { this.found.push(what); }
    if (kind === 'machine') { this.onlyChecks = false; }
  }

  /** Saves a layer, unless it would be of something else than it says. */
  async saveUnlessAny(save: () => Promise<void>): Promise<void> {
    if (this.any) { return; }
    const saving = save();
    this.saving = saving;
    await saving;
  }

  /** Errors: `not-published` where there are any. */
  assertNone(image: string): void {
    if (!this.any) { return; }
    const kind: FailureKind = this.onlyChecks ? 'check' : 'instruction';
    throw new GoldenError('not-published', `Not published, since the image is not what its definition says: ${this.found.join('; ')}`, {
      kind, path: image, hint: 'Change the definition, and build again: that starts from the last layer that was saved before.',
    });
  }
}
