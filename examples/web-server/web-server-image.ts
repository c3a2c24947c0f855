import { join } from 'path';
import type { Construct } from 'constructs';
import { AmiImage, Check, Expect, FileSource, Provisioner, Source } from 'cdk-golden-image';

/** nginx with a site of ours and a status page that a unit of ours writes at each boot, on Debian 12. */
export function webServerImage(scope: Construct): AmiImage {
  const here = (name: string) => FileSource.asset(join(__dirname, name));
  return new AmiImage(scope, 'Image', {
    source: Source.debian('12'),
    provisioners: [
      Provisioner.packages(['nginx-light']),
      Provisioner.file({ source: here('site'), destination: '/srv' }),
      Provisioner.file({ source: here('nginx-site.conf'), destination: '/etc/nginx/sites-available/default' }),
      Provisioner.file({ source: here('write-status'), destination: '/usr/local/bin/write-status', mode: '0755' }),
      Provisioner.service('site-status', { unit: here('site-status.service'), enable: true, start: true }),
      Provisioner.shell({ inline: ['nginx -t', 'systemctl reload nginx'] }),
    ],
    checks: [
      Check.package('nginx-light', { installed: true }),
      Check.file('/srv/site/index.html', { exists: true, mode: '0644', owner: 'root', group: 'root', contents: ['Built by cdk-golden-image'] }),
      Check.file('/usr/local/bin/write-status', { exists: true, mode: '0755', owner: 'root' }),
      Check.service('nginx', { enabled: true, running: true }),
      Check.service('site-status', { enabled: true, running: true }),
      Check.port('tcp:80', { listening: true }),
      Check.command('curl --fail --silent http://localhost/', { exitStatus: 0, stdout: ['Built by cdk-golden-image'] }),
      Check.command('curl --fail --silent http://localhost/status', { exitStatus: 0, stdout: Expect.matching('^up since 20') }),
    ],
  });
}
