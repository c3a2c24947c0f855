import { tmpdir } from 'os';
import { join } from 'path';
import { samplePlan } from './sample-plan';
import type { Instruction } from '../../lib/plan/instructions';
import { buildKeys, type BuildKeys } from '../../lib/plan/keys';
import type { Definition, Plan } from '../../lib/plan/model';
import type { Host, HostContext, LaunchRequest } from '../../lib/ports/host';

/** State folder that all suites on real machines share, so that the base is built once. */
export const TEST_HOME = process.env.GOLDEN_TEST_HOME ?? join(tmpdir(), 'golden-test-home');

/** What the library gives for Debian 12, so that these machines and those of the examples share a base. */
const definition: Definition = {
  epoch: 1,
  source: {
    type: 'local',
    user: 'admin',
    ssmAgent: false,
    local: {
      type: 'mirror',
      distribution: 'debian',
      suite: 'bookworm',
      mirrors: [
        { url: 'http://deb.debian.org/debian', suite: 'bookworm', components: ['main'] },
        { url: 'http://deb.debian.org/debian', suite: 'bookworm-updates', components: ['main'] },
        { url: 'http://deb.debian.org/debian-security', suite: 'bookworm-security', components: ['main'] },
      ],
      packages: [
        'ca-certificates', 'curl', 'dbus', 'iproute2', 'libpam-systemd', 'linux-image-cloud-amd64', 'netbase', 'openssh-server',
        'procps', 'sudo', 'systemd-resolved', 'systemd-sysv', 'udev',
      ],
    },
  },
  machine: { architecture: 'x86_64', osFamily: 'debian' },
  instructions: [],
  checks: [],
  parameters: {},
  secrets: {},
};

/** The plan of a Debian 12 without checks. */
export function machinePlan(instructions: readonly Instruction[] = [], changes: Partial<Definition> = {}): Plan {
  return samplePlan({ ...definition, instructions, ...changes });
}

/** An instruction that does nothing; different seconds make different layers. */
export function pause(seconds: number): Instruction {
  return { type: 'pause', seconds, origin: `Pause${seconds}` };
}

/** What a build of a plan without parameters and secrets hands to its host. */
export async function launchRequest(host: Host, plan: Plan, context: HostContext): Promise<LaunchRequest> {
  const source = await host.resolve(plan, context);
  return { plan, source, keys: keysOf(plan, source.id), layer: 0, requirements: {} };
}

/** Keys of a plan without parameters and secrets. */
export function keysOf(plan: Plan, source: string): BuildKeys {
  return buildKeys(plan.definition, { source, parameters: {}, secrets: {} });
}

/** The context of a build that nobody watches. */
export function hostContext(changes: Partial<HostContext> = {}): HostContext {
  return { buildId: 'test', report: () => undefined, signal: new AbortController().signal, intend: async () => undefined, late: async () => { throw new Error('no late values'); }, ...changes };
}
