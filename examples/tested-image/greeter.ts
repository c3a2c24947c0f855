import { join } from 'path';
import type { Construct } from 'constructs';
import { Check, FileSource, Provisioner, type IProvisioner, type ProvisionerContext } from 'cdk-golden-image';

/** A service that greets, as a user of its own: a provisioner of ours. */
export class Greeter implements IProvisioner {
  public constructor(private readonly greeting: string) {}

  public bind(_scope: Construct, context: ProvisionerContext): void {
    const here = (name: string) => FileSource.asset(join(__dirname, name));
    context.apply(Provisioner.user('greeter', { system: true }));
    context.put({ source: FileSource.inline(`GREETING=${this.greeting}\n`), destination: '/etc/greeter.conf', group: 'greeter', mode: '0640' });
    context.put({ source: here('greet'), destination: '/usr/local/bin/greet', mode: '0755' });
    context.apply(Provisioner.service('greeter', { unit: here('greeter.service'), enable: true, start: true }));
    context.addCheck(Check.service('greeter'), Check.file('/run/greeter/greeting', { owner: 'greeter' }));
  }
}
