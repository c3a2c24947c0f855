import type { Instruction } from '../../plan/instructions';
import type { Hold, PackedInstruction } from '../bundle/bundle';

/** Executes one type of instruction on the machine, in a bundle. */
export interface MachineHandler<T extends Instruction> {
  readonly place: 'machine';
  /** What of it goes into the bundle. */
  pack(instruction: T, options: PackOptions): PackedInstruction;
}

export interface PackOptions {
  readonly index: number;
  readonly hold: Hold;
  /** The folder that the bundle will have on the machine. */
  readonly payload: string;
  /** Folder that holds the assets, each under its digest. */
  readonly assetFolder: string;
  /** Resolved values, by the names they have in the definition. */
  readonly parameters: { readonly [name: string]: string };
  readonly secrets: { readonly [name: string]: string };
}

/** `hold` as the runner takes it: seconds become hundredths. */
export function holdWord(hold: Hold): string {
  return typeof hold === 'number' ? String(Math.round(hold * 100)) : hold;
}
