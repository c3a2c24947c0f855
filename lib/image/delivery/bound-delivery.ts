import type { ISynthesisSession } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Plan } from '../../plan/model';

/** One image, as its delivery sees it. Whatever says its hash locks it. */
export interface DeliveredImage {
  /** The image itself. A delivery may declare constructs below it. */
  readonly construct: Construct;
  /** Name of the plan's file in the assembly. */
  readonly planFile: string;
  /** The definitionHash, also where the image has faults. */
  hash(): string;
  /** The plan as it is now; a stack that uses the image may still add to where it goes. Also where it has faults. */
  plan(): Plan;
  /** Paths of the files and folders that the plan names, by digest. */
  assets(): ReadonlyMap<string, string>;
  /** Name of the SSM parameter that is the image's alias. */
  aliasName(): string;
  /** Says what is wrong, to be reported with the image at synthesis. */
  fault(code: string, message: string, hint?: string): void;
}

/** How one image gets into stacks. Made when the image is declared. */
export interface BoundDelivery {
  /** Whether the deployment of the image's own stack builds it, so that whatever uses the image is deployed after that stack. */
  readonly buildsOnDeploy: boolean;
  /** The AMI ID, as a token for the image's own stack and those nested in it. Other stacks read the parameter that the hash names. */
  imageId(): string;
  /** Called after the plan and its assets were written into the assembly, and before the stack's asset manifest is. */
  onSynthesize?(session: ISynthesisSession): void;
}

/** Binds a delivery to an image, in the constructor of the image. */
export type DeliveryBinder = (image: DeliveredImage) => BoundDelivery;
