import type { Construct } from 'constructs';
import type { IProvisioner, ProvisionerContext } from 'cdk-golden-image';

/** Installs a Go tool chain to /usr/local/go: a provisioner of our own, made from what the context offers. */
export class GoToolchain implements IProvisioner {
  constructor(
    private readonly version: string,
    private readonly sha256: string,
    private readonly mirror: string = 'https://go.dev/dl',
  ) {}

  public bind(_scope: Construct, context: ProvisionerContext): void {
    const archive = `/var/tmp/go${this.version}.tar.gz`;
    context.download({
      url: `${this.mirror}/go${this.version}.linux-amd64.tar.gz`,
      sha256: this.sha256,
      destination: archive,
    });
    context.run({
      inline: [
        'rm -rf /usr/local/go',
        `tar -C /usr/local -xzf ${archive}`,
        `rm ${archive}`,
        'echo \'export PATH=$PATH:/usr/local/go/bin\' > /etc/profile.d/go.sh',
        `/usr/local/go/bin/go version | grep -F go${this.version}`,
      ],
    });
  }
}
