import { App, Stack } from 'aws-cdk-lib';
import { AmiImage, Provisioner, Source } from 'cdk-golden-image';

/** An image that runs one script, whatever a suite wants to see of it. */
new AmiImage(new Stack(new App(), 'One'), 'Image', {
  source: Source.debian('12'), provisioners: [Provisioner.shell({ inline: [process.env.SCRIPT!] })],
});
