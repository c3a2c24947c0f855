import { hostContext, launchRequest, machinePlan } from './machine-plan';
import { SandboxHost } from '../../lib/hosts/sandbox/sandbox-host';

/** A build that stands still in the middle of a capture, for tests that kill it. Arguments: state folder, output folder. */
async function main([stateFolder, outputFolder]: readonly string[]): Promise<void> {
  const host = new SandboxHost({ stateFolder, outputFolder });
  const context = hostContext();
  const request = await launchRequest(host, machinePlan(), context);
  const machine = await host.launch(request, context);
  console.log(`machine ${machine.id}`);
  const stopped = await host.launch(request, context);
  await stopped.stop(30_000);
  const capture = host.capture(stopped, request, context);
  await new Promise((resolve) => setTimeout(resolve, 300));
  console.log(`ready ${process.pid}`);
  await capture;
}

void main(process.argv.slice(2));
