import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AmiImage, Check, FileSource, Provisioner, Source } from 'cdk-golden-image';

/** Nothing but an image. It is built in the region of this stack, and copied to where stacks use it. */
export class ImagesStack extends Stack {
  public readonly worker: AmiImage;

  public constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    this.worker = new AmiImage(this, 'Worker', {
      source: Source.amazonLinux2023(),
      imageName: 'worker',
      provisioners: [
        Provisioner.file({ source: FileSource.inline('vm.swappiness = 10\n'), destination: '/etc/sysctl.d/60-worker.conf' }),
        Provisioner.shell({ inline: ['install -d -m 0750 /var/lib/worker'] }),
      ],
      checks: [
        Check.file('/etc/sysctl.d/60-worker.conf', { mode: '0644', contents: ['vm.swappiness = 10'] }),
        Check.file('/var/lib/worker', { filetype: 'directory', mode: '0750' }),
      ],
    });
  }
}
