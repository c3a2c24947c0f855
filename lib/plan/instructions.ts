import type { Check } from './checks';

/**
 * The plan's closed vocabulary. Every provisioner lowers to these; a new provisioner needs no new one.
 * @discriminator type
 */
export type Instruction =
  | RunInstruction
  | PutInstruction
  | GetInstruction
  | RebootInstruction
  | CheckInstruction
  | LocalInstruction
  | PauseInstruction;

export type InstructionType = Instruction['type'];

export interface InstructionBase {
  /** Path, below the image, of the construct it came from. Not part of any hash. */
  readonly origin: string;
}

/** File names in an asset are of bytes; in a plan they are text only. */
export interface AssetReference {
  /** @pattern ^[0-9a-f]{64}$ */
  readonly asset: string;
  readonly kind: 'file' | 'directory';
}

export interface Text {
  readonly text: string;
}

/** Runs a script on the machine. */
export interface RunInstruction extends InstructionBase {
  readonly type: 'run';
  readonly script: Text | AssetReference;
  /** Command that gets the path of the script as its next argument. */
  readonly interpreter: readonly [string, ...string[]];
  readonly arguments: readonly string[];
  readonly environment: { readonly [name: string]: string };
  /** Environment variable to name of a parameter of the definition. */
  readonly parameters: { readonly [name: string]: string };
  /** Environment variable to name of a secret of the definition. */
  readonly secrets: { readonly [name: string]: string };
  readonly user: string;
  readonly workingDirectory?: string;
  /** @minimum 1 */
  readonly timeoutSeconds: number;
  /**
   * How often it is started at the most.
   * @minimum 1
   */
  readonly attempts: number;
  /** Pause before the second attempt; doubled before each further one. */
  readonly backoffSeconds: number;
  readonly validExitCodes: readonly number[];
  /** The machine may reboot or drop its connections under this script. */
  readonly expectDisconnect: boolean;
}

/** Places a file or a folder on the machine. */
export interface PutInstruction extends InstructionBase {
  readonly type: 'put';
  readonly content: Text | AssetReference;
  /** Absolute path of the file or folder itself; trailing slashes were resolved at synthesis. */
  readonly destination: string;
  readonly owner: string;
  readonly group: string;
  /**
   * Mode of each file. Absent: 0755 where the source is executable, else 0644.
   * @pattern ^0[0-7]{3,4}$
   */
  readonly mode?: string;
  /**
   * Mode of each folder that it makes.
   * @pattern ^0[0-7]{3,4}$
   */
  readonly directoryMode: string;
}

/** Fetches a file or a folder from the machine into the image's output folder. */
export interface GetInstruction extends InstructionBase {
  readonly type: 'get';
  readonly source: string;
  /** Relative to the output folder. */
  readonly destination: string;
}

/** Restarts the machine and waits until it takes commands again. */
export interface RebootInstruction extends InstructionBase {
  readonly type: 'reboot';
  /** @minimum 1 */
  readonly timeoutSeconds: number;
}

/** Checks the machine in the middle of the build. */
export interface CheckInstruction extends InstructionBase {
  readonly type: 'check';
  readonly checks: readonly Check[];
}

/** Runs a command where the engine runs, in the folder of the plan. */
export interface LocalInstruction extends InstructionBase {
  readonly type: 'local';
  readonly command: readonly [string, ...string[]];
  readonly environment: { readonly [name: string]: string };
  /** @minimum 1 */
  readonly timeoutSeconds: number;
}

/** Waits. */
export interface PauseInstruction extends InstructionBase {
  readonly type: 'pause';
  /** @minimum 0 */
  readonly seconds: number;
}

/** What needs the engine between two instructions on the machine, and so ends a bundle. */
export function endsBundle(instruction: Instruction): boolean {
  switch (instruction.type) {
    case 'run':
      return instruction.expectDisconnect;
    case 'put':
      return false;
    default:
      return true;
  }
}
