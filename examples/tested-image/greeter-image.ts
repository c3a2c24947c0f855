import { join } from 'path';
import type { Construct } from 'constructs';
import { AmiImage, Check, FileSource, Provisioner, Source } from 'cdk-golden-image';

/** A service of ours that greets, as a user of its own, on Debian 12. */
export function greeterImage(scope: Construct): AmiImage {
  const here = (name: string) => FileSource.asset(join(__dirname, name));
  return new AmiImage(scope, 'Image', {
    source: Source.debian('12'),
    provisioners: [
      Provisioner.user('greeter', { system: true }),
      Provisioner.file({ source: FileSource.inline('GREETING=hello\n'), destination: '/etc/greeter.conf', group: 'greeter', mode: '0640' }),
      Provisioner.file({ source: here('greet'), destination: '/usr/local/bin/greet', mode: '0755' }),
      Provisioner.service('greeter', { unit: here('greeter.service'), enable: true, start: true }),
    ],
    checks: [Check.service('greeter'), Check.file('/run/greeter/greeting', { owner: 'greeter' })],
  });
}
