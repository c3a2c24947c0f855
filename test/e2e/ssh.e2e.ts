import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { sshCommunicators } from '../../lib/communicators/ssh/ssh-communicators';
import { SandboxHost } from '../../lib/hosts/sandbox/sandbox-host';
import { quote } from '../../lib/plan/shell';
import type { CommunicatorFactory } from '../../lib/ports/communicator';
import type { Dialer } from '../../lib/ports/dialer';
import type { Machine } from '../../lib/ports/host';
import { describeCommunicator, type CommunicatorFixture } from '../contract/communicator.contract';
import { hostContext, launchRequest, machinePlan, TEST_HOME } from '../support/machine-plan';

async function launch(factory: CommunicatorFactory): Promise<Machine> {
  const host = new SandboxHost({ stateFolder: TEST_HOME, outputFolder: TEST_HOME });
  const context = hostContext();
  return host.launch({ ...await launchRequest(host, machinePlan(), context), requirements: factory.requirements }, context);
}

/** The same machine, whose connections can be broken, reached as another user. */
function breakable(machine: Machine, user: string): Pick<CommunicatorFixture, 'machine' | 'cut' | 'destroy'> {
  const streams = new Set<{ destroy(): unknown }>();
  const dial: Dialer = async (port, options) => {
    const stream = await machine.access.dial!(port, options);
    streams.add(stream);
    return stream;
  };
  return {
    machine: Object.assign(Object.create(machine) as Machine, { access: { ...machine.access, user, dial } }),
    cut: () => streams.forEach((stream) => stream.destroy()),
    destroy: () => machine.destroy(),
  };
}

describeCommunicator('exec', false, async () => {
  const machine = await launch(execCommunicators);
  return { machine, factory: execCommunicators, destroy: () => machine.destroy() };
});

describeCommunicator('ssh (to a machine\'s sshd, as root)', true, async () => {
  const factory = sshCommunicators();
  return { factory, ...breakable(await launch(factory), 'root') };
});

describeCommunicator('ssh (to a machine\'s sshd, as a login user with sudo)', true, async () => {
  const factory = sshCommunicators();
  const machine = await launch(factory);
  const key = quote(factory.requirements.authorizedKey!);
  const authorize = `install -d -m 0700 -o admin -g admin ~admin/.ssh && echo ${key} > ~admin/.ssh/authorized_keys && chown admin ~admin/.ssh/authorized_keys`;
  await execCommunicators.open(machine).execute(authorize);
  return { factory, ...breakable(machine, 'admin') };
});
