import { App, Stack } from 'aws-cdk-lib';
import { AmiImage } from '../../../lib/image/ami-image';
import type { AmiImageProps } from '../../../lib/image/ami-image-props';
import { Provisioner } from '../../../lib/image/provisioners/provisioner';
import { Source } from '../../../lib/image/sources/source';
import { TestMachine } from '../../../lib/testing/test-machine';

/** An image in an app of its own: a word in a file, and what a test adds. */
export function testedImage(props: Partial<AmiImageProps> = {}): AmiImage {
  const { provisioners = [], ...others } = props;
  return new AmiImage(new Stack(new App(), 'Tested'), 'Image', {
    source: Source.debian('12'),
    provisioners: [Provisioner.shell({ inline: ['echo word >/srv/word'] }), ...provisioners],
    ...others,
  });
}

/* A test that forgets to stop its machine: it ends, or goes on for ever, as its argument says. */
if (require.main === module) {
  void TestMachine.build(testedImage()).then(async (machine) => {
    const { stdout } = await machine.run('cat /srv/word');
    process.stdout.write(stdout);
    if (process.argv[2] === 'stay') { setInterval(() => undefined, 1000); }
  });
}
