import { join } from 'path';
import type { Construct } from 'constructs';
import { Check, FileSource, type IProvisioner, type ProvisionerContext } from 'cdk-golden-image';

/** Places a release of the site, and notes which one it is: a provisioner of our own. */
export class SiteRelease implements IProvisioner {
  public constructor(private readonly release: string) {}

  public bind(_scope: Construct, context: ProvisionerContext): void {
    context.put({ source: FileSource.asset(join(__dirname, 'site')), destination: '/srv' });
    context.run({
      inline: ['install -d -m 0755 /etc/site', 'printf "%s\\n" "$RELEASE" >/etc/site/release'],
      environment: { RELEASE: this.release },
    });
    context.addCheck(
      Check.file('/srv/site/index.html', { mode: '0644', owner: 'root', contents: ['Built while its stack was deployed.'] }),
      Check.file('/etc/site/release', { contents: [this.release] }),
    );
  }
}
