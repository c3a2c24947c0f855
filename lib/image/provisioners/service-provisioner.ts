import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { IProvisioner, ProvisionerContext } from './provisioner-context';
import type { ServiceProps } from './service-props';

/** Arguments: unit, whether to enable it (yes or no), how to start it (start, restart or no). */
const SCRIPT = `
set -eu
unit=$1 enable=$2 start=$3
booted=no
[ ! -d /run/systemd/system ] || booted=yes
[ "$booted" = no ] || systemctl daemon-reload
[ "$enable" = no ] || systemctl enable "$unit"
if [ "$start" = no ]; then
  :
elif [ "$booted" = no ]; then
  echo "The machine is not booted: $unit starts at first boot, if it is enabled"
elif ! systemctl "$start" "$unit"; then
  systemctl --no-pager --full status "$unit" >&2 || :
  journalctl --no-pager --lines=50 --unit "$unit" >&2 || :
  exit 1
fi
`.trim();

/** Places, enables and starts a systemd service. */
export class ServiceProvisioner implements IProvisioner {
  readonly id = 'Service';

  constructor(private readonly name: string, private readonly service: ServiceProps) {}

  bind(_scope: Construct, context: ProvisionerContext): void {
    const { name } = this;
    const { unit: content, enable = true, start = true } = this.service;
    if (!Token.isUnresolved(name) && !/^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*$/.test(name)) {
      context.addFault(`${JSON.stringify(name)} is not the name of a service`, 'Give one as systemctl takes it, such as nginx or nginx.service.');
      return;
    }
    if (!content && !enable && !start) {
      context.addFault(`There is nothing to do for the service ${name}`, 'Give its unit, enable it or start it, or leave the provisioner out.');
    }
    const unit = /\.(service|socket|timer|path|mount|target)$/.test(name) ? name : `${name}.service`;
    if (content) {
      context.claim(`unit ${unit}`);
      context.put({ source: content, destination: `/etc/systemd/system/${unit}` });
    }
    context.run({ inline: [SCRIPT], arguments: [unit, enable ? 'yes' : 'no', !start ? 'no' : content ? 'restart' : 'start'] });
  }
}
