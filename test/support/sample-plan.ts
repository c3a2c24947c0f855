import type { DeliverySpec } from '../../lib/plan/delivery';
import { deliveryHash, definitionHash } from '../../lib/plan/keys';
import type { Definition, Plan } from '../../lib/plan/model';

const DIGEST = 'a'.repeat(64);

/** A definition with one instruction of each type, written out: nothing of it comes from the library. */
export const sampleDefinition: Definition = {
  epoch: 1,
  source: {
    type: 'filter',
    owners: ['136693071363'],
    filters: { 'name': ['debian-12-amd64-*'], 'virtualization-type': ['hvm'] },
    mostRecent: true,
    user: 'admin',
    ssmAgent: false,
    local: {
      type: 'mirror',
      distribution: 'debian',
      suite: 'bookworm',
      mirrors: [{ url: 'http://deb.debian.org/debian', suite: 'bookworm', components: ['main'] }],
      packages: ['linux-image-amd64'],
    },
  },
  machine: { architecture: 'x86_64', osFamily: 'debian', rootVolumeSizeMiB: 8192 },
  instructions: [
    {
      type: 'put',
      content: { asset: DIGEST, kind: 'file' },
      destination: '/etc/nginx/nginx.conf',
      owner: 'root',
      group: 'root',
      mode: '0644',
      directoryMode: '0755',
      origin: 'Nginx/Config',
    },
    {
      type: 'run',
      script: { text: 'apt-get install -y nginx' },
      interpreter: ['/bin/sh', '-e'],
      arguments: [],
      environment: { DEBIAN_FRONTEND: 'noninteractive' },
      parameters: { RELEASE: 'release' },
      secrets: { TOKEN: 'token' },
      user: 'root',
      timeoutSeconds: 3600,
      attempts: 1,
      backoffSeconds: 1,
      validExitCodes: [0],
      expectDisconnect: false,
      origin: 'Nginx/Install',
    },
    { type: 'reboot', timeoutSeconds: 600, origin: 'Reboot' },
    {
      type: 'check',
      checks: [{ type: 'package', resource: 'nginx', attributes: { installed: true }, origin: 'Early/Package' }],
      origin: 'Early',
    },
    { type: 'local', command: ['true'], environment: {}, timeoutSeconds: 60, origin: 'Local' },
    { type: 'pause', seconds: 1, origin: 'Pause' },
    { type: 'get', source: '/var/log/dpkg.log', destination: 'dpkg.log', origin: 'Log' },
  ],
  checks: [
    { type: 'service', resource: 'nginx', attributes: { enabled: true, running: true }, origin: 'Checks/Service' },
    { type: 'file', resource: '/etc/nginx/nginx.conf', attributes: { mode: '0644', contents: ['worker_processes'] }, origin: 'Checks/File' },
    { type: 'port', resource: 'tcp:80', attributes: { listening: true, ip: { 'contain-element': '0.0.0.0' } }, origin: 'Checks/Port' },
  ],
  parameters: { release: { type: 'string', from: { type: 'ssm', name: '/release' } } },
  secrets: { token: { from: { type: 'secretsManager', id: 'token', key: 'value' } } },
};

export const sampleDelivery: DeliverySpec = {
  name: 'web',
  parameterName: '/golden/Stack/Web',
  tags: { team: 'web' },
  regions: [{ region: 'eu-west-1' }],
  encryption: { encrypted: true },
  sharing: { accounts: [], organizations: [], organizationalUnits: [], public: false, snapshots: false },
  imdsV2: true,
};

/** The plan of a definition, with the hashes that belong to it. */
export function samplePlan(definition: Definition = sampleDefinition, delivery: DeliverySpec = sampleDelivery): Plan {
  return {
    version: 1,
    image: 'Stack/Web',
    definitionHash: definitionHash(definition),
    deliveryHash: deliveryHash(delivery),
    definition,
    builder: {
      instanceTypes: ['t3.small'], communicator: { type: 'ssm' }, checkpoints: [], network: {}, tags: {}, waitForCloudInit: true, leaseMinutes: 30,
    },
    delivery,
    target: { account: '111122223333', region: 'eu-central-1' },
  };
}
