import type { ConformanceEntry } from './entry';

const api = (action: string) => `https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_${action}.html`;
const ours = (action: string, behaviour: string): ConformanceEntry => ({ service: 'ssm', action, behaviour, source: api(action), by: 'overlay' });
const motos = (action: string, behaviour: string): ConformanceEntry => ({ service: 'ssm', action, behaviour, source: api(action), by: 'moto' });

export const SSM_ENTRIES: readonly ConformanceEntry[] = [
  ours('PutParameter', 'ParameterAlreadyExists unless Overwrite; with DataType aws:ec2:image it is written after the answer, and an AMI that is not there dropped without a word'),
  ours('GetParameter', 'public parameters of image owners too; ParameterNotFound'),
  ours('GetParameters', 'names that are not there come in InvalidParameters'),
  motos('GetParametersByPath', 'in pages'),
  motos('GetParameterHistory', 'all versions'),
  motos('DescribeParameters', 'metadata, no values'),
  motos('DeleteParameter', 'ParameterNotFound for one that is not there'),
  motos('DeleteParameters', 'says which were there'),
  motos('AddTagsToResource', 'on parameters'),
  motos('ListTagsForResource', 'of parameters'),
  motos('RemoveTagsFromResource', 'of parameters'),
  motos('LabelParameterVersion', 'moves a label'),
  ours('SendCommand', 'InvalidInstanceId until the agent is registered; runs the script as root'),
  ours('GetCommandInvocation', 'InvocationDoesNotExist at first; output only when it ended, its first 24,000 characters'),
  ours('ListCommandInvocations', 'status of each instance'),
  ours('ListCommands', 'status of each command'),
  ours('CancelCommand', 'ends what runs'),
  ours('DescribeInstanceInformation', 'instances whose agent is registered'),
  ours('StartSession', 'TargetNotConnected until the agent is registered; a WebSocket with the protocol of Session Manager'),
  ours('ResumeSession', 'a fresh token for the same session'),
  ours('TerminateSession', 'closes its channel'),
  ours('GetServiceSetting', 'default host management is off'),
];
