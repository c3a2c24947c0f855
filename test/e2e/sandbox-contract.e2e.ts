import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { SandboxHost } from '../../lib/hosts/sandbox/sandbox-host';
import { describeCommunicator } from '../contract/communicator.contract';
import { describeHost } from '../contract/host.contract';
import { hostContext, launchRequest, machinePlan } from '../support/machine-plan';
import { sandboxHome } from '../support/sandbox-home';

jest.setTimeout(120_000);
const outputFolder = mkdtempSync(join(tmpdir(), 'golden-sandbox-'));
const home = sandboxHome();
const host = new SandboxHost({ stateFolder: home.folder, outputFolder });
afterAll(() => {
  rmSync(outputFolder, { recursive: true, force: true });
  home.remove();
});

describeHost('sandbox', async () => ({
  host, communicators: execCommunicators, plan: (instructions) => machinePlan(instructions), destroy: async () => undefined,
}));

describeCommunicator('exec', false, async () => {
  const context = hostContext();
  const machine = await host.launch(await launchRequest(host, machinePlan(), context), context);
  return { machine, factory: execCommunicators, destroy: () => machine.destroy() };
});
