import { join } from 'path';
import { baseSpec } from '../../../../lib/hosts/sandbox/base-spec';
import { BaseStore } from '../../../../lib/hosts/sandbox/base-store';
import { SandboxFolder } from '../../../../lib/hosts/sandbox/sandbox-folder';
import type { Plan } from '../../../../lib/plan/model';
import { hostContext, machinePlan, TEST_HOME } from '../../machine-plan';

/** What the machine images of Debian have, and the tests of this cloud use. */
const PACKAGES = ['cloud-init', 'python3', 'gpg', 'less', 'locales', 'lsof', 'wget', 'xz-utils', 'zstd', 'unzip', 'rsync'];

/** The folder of the system that all machines of the cloud start from. It is put together once, and cached with the bases of the sandbox. */
export async function cloudBase(): Promise<string> {
  const folder = new SandboxFolder(TEST_HOME);
  const spec = await baseSpec(cloudPlan(), async () => undefined);
  await new BaseStore(folder).prepare(spec, hostContext());
  return join(folder.path, folder.baseRoot(spec.id));
}

/** That of a machine of the sandbox, without a kernel, which machines of this cloud share with the host. */
function cloudPlan(): Plan {
  const plan = machinePlan();
  const { source } = plan.definition;
  if (source.type !== 'local' || source.local.type !== 'mirror') { throw new Error(`A base from a mirror was expected, not ${source.type}`); }
  const packages = [...source.local.packages.filter((name) => !name.startsWith('linux-image')), ...PACKAGES];
  return machinePlan([], { source: { ...source, local: { ...source.local, packages } } });
}

