import { join } from 'path';
import { hostContext, machinePlan, TEST_HOME } from './machine-plan';
import { baseSpec } from '../../lib/hosts/sandbox/base-spec';
import { BaseStore } from '../../lib/hosts/sandbox/base-store';
import { SandboxFolder } from '../../lib/hosts/sandbox/sandbox-folder';

/** Root folder of a Debian 12 with kernel and SSH server, shared by all suites: not to be changed. */
export async function debianRoot(): Promise<string> {
  const folder = new SandboxFolder(TEST_HOME);
  const spec = await baseSpec(machinePlan(), async () => undefined);
  await new BaseStore(folder).prepare(spec, hostContext());
  return join(folder.path, folder.baseRoot(spec.id));
}
