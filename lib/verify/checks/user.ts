import { groupsOf, READ_ACCOUNTS, usersOf } from './accounts';
import type { Probe } from './probe';

/** A user of /etc/passwd. The primary group counts among the groups. */
export const userProbe: Probe = {
  command: () => READ_ACCOUNTS,

  parse: (output, { resource }) => {
    const user = usersOf(output).find(({ name }) => name === resource);
    if (!user) { return { exists: { value: false } }; }
    const groups = groupsOf(output).filter((group) => group.gid === user.gid || group.members.includes(user.name));
    return {
      exists: { value: true },
      uid: { value: user.uid },
      gid: { value: user.gid },
      groups: { value: groups.map((group) => group.name).sort() },
      home: { value: user.home },
      shell: { value: user.shell },
    };
  },
};
