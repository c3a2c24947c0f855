import { formatFault, type Fault } from '../../errors';
import type { Plan } from '../../plan/model';
import type { ValueReference } from '../../plan/values';

/** What a plan asks of the computer that builds, and a container of CodeBuild does not have. As CDK prints it. */
export function buildFaults({ definition: { parameters, secrets }, builder: { communicator } }: Plan): string[] {
  const values: readonly (readonly [string, string, ValueReference])[] = [
    ...Object.entries(parameters).map(([name, { from }]) => ['parameter', name, from] as const),
    ...Object.entries(secrets).map(([name, { from }]) => ['secret', name, from] as const),
  ];
  const keys = communicator.type === 'ssh' ? [communicator.key, communicator.bastion?.key] : [];
  const faults: readonly Fault[] = [
    ...values.flatMap(([kind, name, from]) => (from.type === 'environment' ? [{
      code: 'not-in-codebuild',
      message: `The ${kind} ${name} is read from the environment variable ${from.name}, which CodeBuild does not have`,
      hint: 'Keep it in the account: in Secrets Manager or Parameter Store.',
    }] : [])),
    ...keys.flatMap((key) => (key ? [{
      code: 'not-in-codebuild',
      message: `The communicator takes its SSH key from ${key.type === 'file' ? `the file ${key.path}` : 'an agent'}, which CodeBuild does not have`,
      hint: 'Leave the key out: one is made for each build. Or reach the machine through Systems Manager, Communicator.ssm().',
    }] : [])),
  ];
  return faults.map(formatFault);
}
