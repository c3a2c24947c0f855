import { App, Stack } from 'aws-cdk-lib';
import { goAgentImage } from '../../../examples/go-agent/go-agent-image';
import { webServerImage } from '../../../examples/web-server/web-server-image';
import { Provisioner, type AmiImage } from 'cdk-golden-image';

/** Breaks one thing in an example. */
const MUTATIONS: { readonly [name: string]: (image: AmiImage) => void } = {
  'none': () => undefined,
  'mode of the agent': (image) => image.addProvisioner(Provisioner.shell({ inline: ['chmod 0700 /home/agent/bin/agent'] })),
  'owner of the keys': (image) => image.addProvisioner(Provisioner.shell({ inline: ['chown root /home/agent/.ssh/authorized_keys'] })),
  'enablement of the agent': (image) => image.addProvisioner(Provisioner.shell({ inline: ['systemctl disable agent'] })),
  'mode of the page': (image) => image.addProvisioner(Provisioner.shell({ inline: ['chmod 0640 /srv/site/index.html', 'chgrp www-data /srv/site/index.html'] })),
  'owner of the script': (image) => image.addProvisioner(Provisioner.shell({ inline: ['chown daemon /usr/local/bin/write-status'] })),
  'unit of the status page': (image) => image.addProvisioner(Provisioner.shell({
    inline: [
      'sed -i "s#^ExecStart=.*#ExecStart=/bin/false#" /etc/systemd/system/site-status.service',
      'systemctl daemon-reload',
      'systemctl restart site-status || true',
    ],
  })),
};

const { EXAMPLE, MUTATION = 'none', GO_MIRROR, GO_SHA256 } = process.env;
const stack = new Stack(new App(), 'Mutated');
const image = EXAMPLE === 'go-agent' ? goAgentImage(stack, { mirror: GO_MIRROR, sha256: GO_SHA256 }) : webServerImage(stack);
MUTATIONS[MUTATION](image);
