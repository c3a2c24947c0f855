import { gunzipSync } from 'zlib';
import type { Instance } from './records';
import type { SsmInstance, SsmSurroundings } from './ssm/ssm-service';
import type { World } from './world';

const AGENT = 'amazon-ssm-agent';

/** Shows instances to Systems Manager. */
export function ssmSurroundings(world: World, endpoint: () => string): SsmSurroundings {
  const show = (instance: Instance): SsmInstance => ({
    id: instance.id,
    state: instance.state,
    startedAt: instance.startedAt,
    address: instance.address,
    managed: instance.profile !== undefined,
    hasAgent: hasAgent(instance),
    machine: instance.state === 'running' ? instance.machine : undefined,
  });
  return {
    instance: (account, region, id) => {
      const instance = world.region(region).instances.get(id);
      return instance?.owner === account ? show(instance) : undefined;
    },
    instances: (account, region) => (
      [...world.region(region).instances.values()].filter(({ owner, state }) => owner === account && state !== 'terminated').map(show)
    ),
    get endpoint() { return endpoint(); },
    now: () => world.clock.now(),
    sleep: (milliseconds, signal) => world.clock.sleep(milliseconds, signal),
    settings: world.settings,
  };
}

/** Whether the image brings the agent, or what the caller has it do at its first boot. */
export function hasAgent(instance: Pick<Instance, 'image' | 'userData'>): boolean {
  return instance.image.hasAgent || (instance.userData !== undefined && namesAgent(Buffer.from(instance.userData, 'base64')));
}

function namesAgent(userData: Buffer): boolean {
  const text = (userData[0] === 0x1f && userData[1] === 0x8b ? gunzipSync(userData) : userData).toString();
  // Parts of a MIME message may be in base64.
  return text.includes(AGENT) || [...text.matchAll(/\r?\n\r?\n([A-Za-z0-9+/=\r\n]{40,})/g)].some(([, part]) => Buffer.from(part, 'base64').includes(AGENT));
}
