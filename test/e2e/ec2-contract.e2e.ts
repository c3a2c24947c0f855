import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { systemClock } from '../../lib/cli/wiring';
import { sshCommunicators } from '../../lib/communicators/ssh/ssh-communicators';
import { Ec2Host } from '../../lib/hosts/ec2/ec2-host';
import type { SshCommunicatorSpec } from '../../lib/plan/builder';
import type { Instruction } from '../../lib/plan/instructions';
import type { Plan } from '../../lib/plan/model';
import { describeHost } from '../contract/host.contract';
import { startCloud } from '../support/cloud/cloud';
import { createMachineProvider } from '../support/cloud/machines/create-machine-provider';
import { sampleDefinition, sampleDelivery, samplePlan } from '../support/sample-plan';

jest.setTimeout(180_000);

const communicator: SshCommunicatorSpec = { type: 'ssh', port: 22, via: 'public-address' };

function ec2Plan(instructions: readonly Instruction[]): Plan {
  const definition = { ...sampleDefinition, instructions, checks: [], parameters: {}, secrets: {} };
  const plan = samplePlan(definition, { ...sampleDelivery, regions: [] });
  return { ...plan, target: {}, builder: { ...plan.builder, communicator } };
}

describeHost('ec2', async () => {
  const cloud = await startCloud({ machines: createMachineProvider('booted') });
  Object.assign(process.env, cloud.environment);
  const outputFolder = mkdtempSync(join(tmpdir(), 'golden-ec2-'));
  return {
    host: new Ec2Host({ clock: systemClock, outputFolder, region: cloud.region, callerAddress: '127.0.0.1' }),
    communicators: sshCommunicators({ spec: communicator, folder: outputFolder, environment: process.env }),
    plan: ec2Plan,
    // EC2 tells of restarts that it was asked for, and of no others.
    seesRestarts: false,
    destroy: async () => {
      await cloud.stop();
      rmSync(outputFolder, { recursive: true, force: true });
    },
  };
});
