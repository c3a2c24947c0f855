import { CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { CdkDeploy } from './cdk-deploy';
import { AmiImage, Check, FileSource, Provisioner, Source, type AmiImageProps } from '../../lib';

export interface ServerOptions {
  /** What tells this image from all others. */
  readonly marker: string;
  readonly env?: { readonly account?: string; readonly region?: string };
  readonly image?: Partial<AmiImageProps>;
  /** Of a script that is run. */
  readonly lines?: readonly string[];
  readonly more?: (stack: Stack, image: AmiImage) => void;
}

/** An image that holds a marker. */
export function markedImage(scope: Construct, id: string, { marker, image, lines = [] }: ServerOptions): AmiImage {
  return new AmiImage(scope, id, {
    source: Source.amazonLinux2023(),
    provisioners: [
      Provisioner.file({ source: FileSource.inline(`${marker}\n`), destination: '/etc/marker' }),
      ...lines.length > 0 ? [Provisioner.shell({ inline: [...lines] })] : [],
    ],
    checks: [Check.file('/etc/marker', { contents: [marker] })],
    ...image,
  });
}

/** A stack with an image and an instance of it. */
export function serverStack(scope: Construct, id: string, options: ServerOptions): Stack {
  const stack = new Stack(scope, id, { env: options.env });
  const image = markedImage(stack, 'Web', options);
  instanceOf(stack, image);
  new CfnOutput(stack, 'Alias', { value: image.aliasParameterName });
  options.more?.(stack, image);
  return stack;
}

/** An instance of an image of any stack. */
export function instanceOf(stack: Stack, image: AmiImage): void {
  const { imageId } = image.getImage(stack);
  const instance = new ec2.CfnInstance(stack, 'Box', { imageId, instanceType: 't3.micro' });
  new CfnOutput(stack, 'Instance', { value: instance.ref });
  new CfnOutput(stack, 'Image', { value: imageId });
}

/** What a stack says of its image, and those who look from outside. */
export interface Deployed {
  readonly status: string | undefined;
  readonly image: string;
  readonly instance: string;
  /** The AMI that the instance was started from. */
  readonly running: string | undefined;
  /** What the alias names, where the stack owns one. */
  readonly alias: string | undefined;
}

export async function deployed(aws: CdkDeploy, name: string, region?: string): Promise<Deployed> {
  const stack = await aws.stack(name, region);
  const output = (key: string) => stack?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue ?? '';
  const alias = output('Alias');
  return {
    status: stack?.StackStatus,
    image: output('Image'),
    instance: output('Instance'),
    running: await aws.imageOf(output('Instance'), region),
    alias: alias === '' ? undefined : await aws.parameter(alias, region),
  };
}
