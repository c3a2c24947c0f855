import type { App as CdkApp, Stack as CdkStack } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { AmiImage as GoldenImage } from '../../lib/image/ami-image';

/**
 * What every snippet of the documentation may take for granted. A snippet that declares one of these itself means its own.
 * Everything else it has to import, as its reader would.
 */
declare global {
  /** An app. */
  const app: CdkApp;
  /** A stack of it. */
  const stack: CdkStack;
  /** An image in the stack. */
  const image: GoldenImage;
  /** Another image in the stack. */
  const other: GoldenImage;
  /** A network. */
  const vpc: IVpc;
}

/** What the examples in doc comments do not import, as is the custom there. */
export const EXAMPLE_IMPORTS = [
  'import { Duration, Stack } from \'aws-cdk-lib\';',
  'import * as ec2 from \'aws-cdk-lib/aws-ec2\';',
  'import * as iam from \'aws-cdk-lib/aws-iam\';',
  'import * as kms from \'aws-cdk-lib/aws-kms\';',
  'import { Construct } from \'constructs\';',
  'import {',
  '  AmiImage, assertions, AutoScalingKeyGrant, Check, Communicator, DeliveryRole, Expect, FileSource, ImageKeyGrants, IProvisioner, OsFamily, Provisioner,',
  '  ProvisionerContext, SecretRef, Source, SshKey, SshVia,',
  '} from \'cdk-golden-image\';',
].join(' ');
