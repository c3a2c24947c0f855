import type { BuildKeys } from '../plan/keys';
import type { Plan } from '../plan/model';
import type { Hold } from './bundle/bundle';

/** A checkpoint pays where repeating the work since the last one would cost this many times as much as saving it. */
const WORTH = 3;

/** Decides where the disk is saved: where it pays, before what changed last time, where the user asks, and, if wanted, at the end. */
export class LayerPolicy {
  private readonly asked: ReadonlySet<number>;
  /** Index of the first instruction that is another one than last time. */
  private readonly changed: number | undefined;

  /**
   * @param previous keys of the layers of the last build of this image, if one is known
   * @param checkpointSeconds what it costs to save a layer; asked anew each time, since it is measured
   * @param atEnd whether the disk is saved after the last instruction in any case
   */
  constructor(
    plan: Plan, keys: BuildKeys, previous: readonly string[] | undefined, private readonly checkpointSeconds: () => number, atEnd = false,
  ) {
    this.asked = new Set([...plan.builder.checkpoints, ...atEnd ? [plan.definition.instructions.length - 1] : []]);
    this.changed = previous && firstChange(keys.layers, previous);
  }

  /** Whether the disk is saved after the instruction at this index: always, or where that many seconds of work are at stake. */
  hold(index: number): Hold {
    if (this.asked.has(index) || index + 1 === this.changed) { return 'always'; }
    return this.checkpointSeconds() * WORTH;
  }

  /** The same decision, where the time since the last checkpoint is known. */
  isDue(index: number, secondsSinceCheckpoint: number): boolean {
    const hold = this.hold(index);
    return typeof hold === 'number' ? secondsSinceCheckpoint >= hold : hold === 'always';
  }
}

/** Index of the first instruction whose layer differs. What changed last time will most likely change again. */
function firstChange(layers: readonly string[], previous: readonly string[]): number | undefined {
  const different = layers.findIndex((key, i) => key !== previous[i]);
  // The source itself is no layer to save; and where nothing differs nothing was changed.
  return different > 0 ? different - 1 : undefined;
}
