import type { SshKeySpec } from './builder';
import type { Plan } from './model';

/** The plan with other paths of the SSH keys that it names by relative ones. */
export function withKeyPaths(plan: Plan, change: (path: string) => string): Plan {
  const { communicator } = plan.builder;
  if (communicator.type !== 'ssh') { return plan; }
  const { key, bastion } = communicator;
  const moved = { ...communicator, key: changed(key, change), bastion: bastion && { ...bastion, key: changed(bastion.key, change) } };
  return { ...plan, builder: { ...plan.builder, communicator: moved } };
}

function changed(key: SshKeySpec | undefined, change: (path: string) => string): SshKeySpec | undefined {
  return key?.type === 'file' && !/^(\/|~\/)/.test(key.path) ? { ...key, path: change(key.path) } : key;
}
