import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { InvalidPlanError, type Fault } from '../../lib/errors';
import { AmiImage } from '../../lib/image/ami-image';
import type { AmiImageProps } from '../../lib/image/ami-image-props';
import type { IProvisioner } from '../../lib/image/provisioners/provisioner-context';
import { Source } from '../../lib/image/sources/source';
import type { Instruction } from '../../lib/plan/instructions';

/** An image in a stack of its own; on Debian 12 unless told otherwise. */
export function declareImage(props: Partial<AmiImageProps> = {}, stack: Stack = newStack()): AmiImage {
  return new AmiImage(stack, 'Image', { source: Source.debian('12'), ...props });
}

export function newStack(props?: StackProps): Stack {
  return new Stack(new App(), 'Stack', props);
}

/** What provisioners lower to. */
export function instructionsOf(...provisioners: IProvisioner[]): readonly Instruction[] {
  return declareImage({ provisioners })._plan().definition.instructions;
}

/** Everything that is wrong with an image. */
export function faultsOf(image: AmiImage): readonly Fault[] {
  try {
    image._plan();
    return [];
  } catch (error) {
    if (error instanceof InvalidPlanError) { return error.faults; }
    throw error;
  }
}

/** Codes of the faults that provisioners have. */
export function faultCodes(...provisioners: IProvisioner[]): string[] {
  return faultsOf(declareImage({ provisioners })).map((fault) => fault.code);
}

/** What `cdk synth` says about an app that has faults. */
export function synthesisError(stack: Stack): string {
  try {
    (stack.node.root as App).synth();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('It was synthesised');
}
