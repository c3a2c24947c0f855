export interface UndoAct {
  /** What would be left: `the machine 4711`. */
  readonly what: string;
  readonly undo: () => Promise<void>;
  /** In place of `undo`, where the user wants to look at what is left. @default nothing is done */
  readonly keep?: () => Promise<void>;
}

/** What has to be undone where a build ends before its time, in reverse order. */
export class Undo {
  private readonly acts: UndoAct[] = [];

  /** Registers an undo. Returns what takes it back, for when the thing is gone or wanted. */
  add(act: UndoAct): () => void {
    this.acts.push(act);
    return () => {
      const index = this.acts.indexOf(act);
      if (index >= 0) { this.acts.splice(index, 1); }
    };
  }

  /** What there is to be undone. */
  get pending(): readonly string[] {
    return this.acts.map(({ what }) => what);
  }

  /** Undoes all, or leaves it to be looked at. What fails does not stop the rest; it is told to `onFailure`. */
  async run(how: 'undo' | 'keep', onFailure: (what: string, error: unknown) => void): Promise<void> {
    for (let act = this.acts.pop(); act; act = this.acts.pop()) {
      await act[how]?.().catch((error: unknown) => onFailure(act!.what, error));
    }
  }
}
