import type { Construct } from 'constructs';
import { Greeter } from './greeter';
import { AmiImage, Source } from 'cdk-golden-image';

/** A machine that greets, on Debian 12. */
export function greeterImage(scope: Construct): AmiImage {
  return new AmiImage(scope, 'Image', {
    source: Source.debian('12'),
    provisioners: [new Greeter('hello')],
  });
}
