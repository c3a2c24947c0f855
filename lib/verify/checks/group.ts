import { groupsOf, READ_ACCOUNTS } from './accounts';
import type { Probe } from './probe';

/** A group of /etc/group. */
export const groupProbe: Probe = {
  command: () => READ_ACCOUNTS,

  parse: (output, { resource }) => {
    const group = groupsOf(output).find(({ name }) => name === resource);
    return group ? { exists: { value: true }, gid: { value: group.gid } } : { exists: { value: false } };
  },
};
