import { linesOf, type ProbeOutput } from './probe';

/** Writes the lines of the account files, each with the name of its file before it. */
export const READ_ACCOUNTS = 'sed \'s/^/passwd:/\' /etc/passwd; sed \'s/^/group:/\' /etc/group';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** The users of the machine. Lines that are no accounts, such as those of NIS, are left out. */
export function usersOf(output: ProbeOutput): User[] {
  return linesOf(output).map((line) => line.split(':')).filter((part) => part[0] === 'passwd' && part.length >= 7 && /^\d+$/.test(part[3]))
    .map(([, name, , uid, gid, , home, shell = '']) => ({ name, uid: Number(uid), gid: Number(gid), home, shell }));
}

/** The groups of the machine. */
export function groupsOf(output: ProbeOutput): Group[] {
  return linesOf(output).map((line) => line.split(':')).filter((part) => part[0] === 'group' && part.length === 5 && /^\d+$/.test(part[3]))
    .map(([, name, , gid, members]) => ({ name, gid: Number(gid), members: members.split(',') }));
}
