import { SsmApi } from './ssm-api';
import { SsmCommunicator } from './ssm-communicator';
import { GoldenError } from '../../errors';
import type { Clock } from '../../ports/clock';
import type { CloudAccess } from '../../ports/cloud-access';
import type { CommunicatorFactory } from '../../ports/communicator';
import type { Staging } from '../../ports/staging';

export interface SsmCommunicatorsOptions {
  readonly access: CloudAccess;
  readonly staging: Staging;
  readonly clock: Clock;
}

/** Communicators over SSM Run Command. The machine needs the agent, a role, and a way to Systems Manager and to Amazon S3. */
export function ssmCommunicators({ access, staging, clock }: SsmCommunicatorsOptions): CommunicatorFactory {
  return {
    kind: 'ssm',
    requirements: { managed: true },
    open: (machine) => {
      const { instanceId } = machine.access;
      if (!instanceId) {
        throw new GoldenError('unreachable', `${machine.description} is no instance that Systems Manager knows`, { hint: 'Use another communicator for it.' });
      }
      return new SsmCommunicator({ machine, instanceId, api: new SsmApi(access), access, staging, clock });
    },
  };
}
